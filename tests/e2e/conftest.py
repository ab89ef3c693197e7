# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a server for each file of stories, further ones and terminals by the number."""
import pytest

from programs import Server, Terminal
from relay import Relay


@pytest.fixture(scope="module")
def make_server(tmp_path_factory):
    """make_server(): a further server, for a story that stops, fills or damages it."""
    made = []

    def make(start=True, **how):
        made.append(Server(tmp_path_factory.mktemp("server"), **how))
        return made[-1].start() if start else made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="module")
def make_relayed(make_server):
    """make_relayed(): (server, relay), without TLS, so that what travels can be seen."""
    made = []

    def make():
        made.append(Relay())
        server = make_server(plain=True, url=made[-1].address)
        made[-1].target = server.port
        return server, made[-1]

    yield make
    for relay in made:
        relay.close()


@pytest.fixture(scope="module")
def server(make_server):
    """cloudboxd with TLS, shared by the stories of one file."""
    return make_server()


@pytest.fixture(scope="module")
def relayed(make_relayed):
    """(server, relay), shared by the stories of one file."""
    return make_relayed()


@pytest.fixture(scope="module")
def make_terminal(tmp_path_factory):
    """make_terminal(name): a blank terminal."""
    return lambda name="phone", **how: Terminal(tmp_path_factory.mktemp("terminal"), name, **how)
