# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a server for each file of stories, further ones and terminals by the number."""
import itertools
import signal

import pytest

import programs
import relay as relays


def pytest_collection_modifyitems(items):
    """Without the programs not a story less, but a clear word."""
    try:
        if items:
            programs.program("cloudbox")
            programs.program("cloudboxd")
    except FileNotFoundError as problem:
        pytest.exit(str(problem), returncode=2)


@pytest.fixture(scope="module")
def make_server(tmp_path_factory):
    """make_server(): a further server, for a story that stops, fills or damages it.  At the end each
    is asked to go and has to go well."""
    made = []

    def make(start=True, **how):
        made.append(programs.Server(tmp_path_factory.mktemp("server"), **how))
        return made[-1].start() if start else made[-1]

    yield make
    problems = []
    for one in made:
        try:
            one.stop()
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, problems


@pytest.fixture(scope="module")
def make_relayed(make_server):
    """make_relayed(): (server, relay), without TLS, so that what travels can be seen."""
    made = []

    def make(**how):
        made.append(relays.Relay())
        server = make_server(plain=True, url=made[-1].address, **how)
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
    numbers = itertools.count(1)

    def make(name=None, **how):
        return programs.Terminal(tmp_path_factory.mktemp("terminal"),
                                 name or f"terminal {next(numbers)}", **how)

    return make


@pytest.fixture
def serve():
    """serve(terminal): its service, ended at the end of the story."""
    started = []

    def start(t, **how):
        started.append(t.serve(**how))
        return started[-1]

    yield start
    for service in started:
        if service.is_alive():
            service.signal(signal.SIGTERM)
            service.finish()
