# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a server for each file of stories, terminals for each story."""
import itertools

import pytest

from harness import Relay, Server, Terminal, join


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """cloudboxd with TLS, shared by the stories of one file."""
    one = Server(tmp_path_factory.mktemp("server") / "data").start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def plain_server(tmp_path_factory):
    """The same without TLS: what travels can be seen."""
    one = Server(tmp_path_factory.mktemp("plain") / "data", plain=True).start()
    yield one
    one.stop()


@pytest.fixture
def own_server(tmp_path):
    """A server of this story alone, to be stopped, filled, damaged."""
    one = Server(tmp_path / "server").start()
    yield one
    one.stop()


@pytest.fixture
def relay(plain_server):
    one = Relay(plain_server.port)
    yield one
    one.close()


@pytest.fixture
def blank(tmp_path):
    """A terminal that is in no account."""
    return Terminal(tmp_path / "blank")


@pytest.fixture
def phone(tmp_path, server):
    """A terminal with an account of its own."""
    one = Terminal(tmp_path / "phone")
    one.init(server.invite())
    return one


@pytest.fixture
def watched(tmp_path, plain_server, relay):
    """A terminal whose traffic goes through `relay`, in the clear."""
    one = Terminal(tmp_path / "watched")
    one.init(relay.through(plain_server.invite()))
    relay.reset()
    return one


@pytest.fixture
def second(tmp_path):
    """Make a further, blank terminal in the account of another."""
    numbers = itertools.count(2)
    return lambda other, *options, **env: join(tmp_path / f"terminal-{next(numbers)}", other,
                                               *options, **env)
