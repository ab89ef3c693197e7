# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a server for each file of stories, and terminals by the number."""
import pytest

from programs import Server, Terminal
from relay import Relay


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """cloudboxd with TLS, shared by the stories of one file."""
    one = Server(tmp_path_factory.mktemp("server")).start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def relayed(tmp_path_factory):
    """(server, relay): without TLS and behind a relay, so that what travels can be seen."""
    with Relay() as relay:
        one = Server(tmp_path_factory.mktemp("server"), plain=True, url=relay.address).start()
        relay.target = one.port
        yield one, relay
        one.stop()


@pytest.fixture(scope="module")
def make_terminal(tmp_path_factory):
    """make_terminal(name): a blank terminal."""
    return lambda name="phone": Terminal(tmp_path_factory.mktemp("terminal"), name)
