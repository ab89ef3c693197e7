# SPDX-License-Identifier: Apache-2.0
"""The link is cut, delayed and doubled at a byte of a commit, of its answer, and of an upload.

Each backup has to come through by itself, once.  `make check` takes some of the bytes, drawn with a
seed that is printed; CLOUDBOX_FULL=1 takes every one.
"""
import concurrent.futures
import os
import random
import re
import socket

import pytest

from phone import card, noise
from programs import tree, wait_until
from proxy import Proxy, cut_answer, cut_request, delay_answer, delay_request, repeat_at
from relay import Relay

FULL = bool(os.environ.get("CLOUDBOX_FULL"))
SEED = int(os.environ.get("CLOUDBOX_SEED", "1"))
PHONES = 12 if FULL else 4  # at once: most of a round is a terminal's waiting before it tries again
IDLE = ["--idle", "2s"]  # so long may a request lie there half after its link was cut


class Phone:
    """A terminal whose one contact gets a new state at each backup."""

    def __init__(self, t, server, port, photos):
        self.t, self.photos, self.states = t, photos, 0
        t.init(server, re.sub(r":\d+/", f":{port}/", server.invite()))
        self.folder = t.contacts({"a": self._card()})
        t.run("add", "contacts", "--all")
        self.backup()

    def _card(self):
        photo = noise(2200, seed=self.states) if self.photos else None
        return card("Anna", uid="a", tel=f"+49{self.states:08}", photo=photo)

    def backup(self):
        """Its next state arrives, whatever the link does."""
        self.states += 1
        (self.folder / "a.vcf").write_bytes(self._card())
        told = self.t.run("backup")
        assert [i["name"] for i in told["uploaded"]] == ["Anna"] and told["failed"] == []

    def is_complete(self):
        """Each state is there, once, in order."""
        versions = self.t.run("history", "contacts", "a")
        assert [v["version"] for v in versions] == list(range(self.states, 0, -1))


def phones(make_terminal, server, make_link, photos):
    """Phones with a link each."""
    links = [make_link() for _ in range(PHONES)]
    return [(Phone(make_terminal(), server, link.port, photos), link) for link in links]


def close(pairs):
    for _, link in pairs:
        link.close()


@pytest.fixture(scope="module")
def links(make_server, make_terminal):
    """Phones behind proxies, one server; half of them send chunks."""
    server = make_server(plain=True, options=IDLE)
    made = {photos: phones(make_terminal, server, lambda: Proxy(server.port), photos)
            for photos in (False, True)}
    yield server, made
    for pairs in made.values():
        close(pairs)


def drawn(name, points, n):
    """All of the points, or n of them with the first and the last."""
    points = sorted(set(points))
    if FULL or len(points) <= n:
        return points
    r = random.Random(f"{SEED} {name}")
    return sorted({points[0], points[-1], *r.sample(points, n - 2)})


def at_each(pairs, works):
    """Share the works out among the phones."""
    waiting = list(enumerate(works))
    waiting.reverse()

    def work(phone, proxy):
        while True:
            try:
                _, one = waiting.pop()
            except IndexError:
                return
            one(phone, proxy)

    with concurrent.futures.ThreadPoolExecutor(len(pairs)) as pool:
        for done in [pool.submit(work, *pair) for pair in pairs]:
            done.result()


def sizes(phone, proxy, path):
    """How long a request and its answer are."""
    found = []

    def look(x):
        answer = x.ask()
        found.append((len(x.request.raw), len(answer.raw)))
        x.near.sendall(answer.raw)
        return True

    proxy.next(path, look)
    phone.backup()
    return found[0]


def do(path, action):
    def work(phone, proxy):
        proxy.next(path, action)
        phone.backup()
        assert proxy.done, f"no request for {path} came"
        assert not proxy.problems, proxy.problems
    return work


PATHS = {"/v1/batches": False, "/v1/have": True, "/v1/chunks": True}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("how", ["close", "reset", "half"])
def test_a_request_that_is_cut_comes_through_once(links, path, how):
    server, made = links
    pairs = made[PATHS[path]]
    request, answer = sizes(*pairs[0], path)
    print(f"seed {SEED}: {path}, {request} bytes up, {answer} down")
    points = drawn(f"{path} {how} up", range(request + 1), 10)
    at_each(pairs, [do(path, cut_request(k, how)) for k in points])
    points = drawn(f"{path} {how} down", range(answer), 6)
    at_each(pairs, [do(path, cut_answer(k, how)) for k in points])


@pytest.mark.parametrize("path", PATHS)
def test_a_request_that_comes_in_two_pieces_is_one(links, path):
    server, made = links
    pairs = made[PATHS[path]]
    request, answer = sizes(*pairs[0], path)
    at_each(pairs, [do(path, delay_request(k)) for k in drawn(f"{path} delay", range(request), 16)])
    at_each(pairs, [do(path, delay_answer(k)) for k in drawn(f"{path} late", range(answer), 8)])


@pytest.mark.parametrize("path", PATHS)
def test_a_request_that_comes_twice_is_done_once(links, path):
    server, made = links
    pairs = made[PATHS[path]]
    request, _ = sizes(*pairs[0], path)
    answers = []
    at_each(pairs, [do(path, repeat_at(k, answers))
                    for k in drawn(f"{path} repeat", range(request + 1), 16)])
    assert {answer.status for answer in answers} == {200}


def all_came(server, pairs, make_terminal):
    assert server.run("check", "--all")["damaged"] == []
    for phone, _ in pairs[:None if FULL else 1]:
        phone.is_complete()
        blank = make_terminal()
        blank.join(phone.t)
        blank.contacts({})
        blank.run("restore", "--from", phone.t.device)
        assert tree(blank.phone) == tree(phone.t.phone)


def test_at_the_end_each_state_is_there_once_and_whole(links, make_terminal):
    server, made = links
    for pairs in made.values():
        all_came(server, pairs, make_terminal)


def cut_tls(direction, k, abrupt):
    def work(phone, relay):
        relay.cut(direction, k, abrupt)
        phone.backup()
    return work


def test_a_tls_connection_may_be_cut_at_any_byte_of_either_direction(make_server, make_terminal):
    server = make_server(options=IDLE)
    pairs = phones(make_terminal, server, lambda: Relay(server.port, tls=True), photos=True)
    phone, relay = pairs[0]
    relay.forget()
    phone.backup()
    assert len(relay.connections) == 1
    for direction, n in (("up", len(relay.up)), ("down", len(relay.down))):
        for abrupt in (False, True):
            points = drawn(f"TLS {direction} {abrupt}", range(n), 16)
            print(f"seed {SEED}: {len(points)} of {n} bytes {direction}")
            at_each(pairs, [cut_tls(direction, k, abrupt) for k in points])
    all_came(server, pairs, make_terminal)
    close(pairs)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def bytes_below(folder):
    """Of all files, some of which may be on the move."""
    sizes = []
    for path in folder.rglob("*"):
        try:
            sizes += [path.stat().st_size] if path.is_file() else []
        except FileNotFoundError:
            pass
    return sum(sizes)


def test_a_link_that_was_there_is_waited_for_and_the_upload_goes_on_at_its_chunk(make_relayed, make_terminal):
    """As on a phone that goes from one cell to another: some tries find nobody."""
    server, relay = make_relayed()
    t = make_terminal()
    t.init(server)
    t.documents({f"{i}.bin": noise(150_000, seed=i) for i in range(6)})
    t.run("add", "documents", "--all")
    relay.forget()
    relay.hold("up", 700_000)  # within the fifth
    running = t.start("backup")
    relay.wait_reached(running)
    wait_until(lambda: bytes_below(server.data / "blobs") > 4.5 * 150_000, "it has what was sent")
    there, relay.target = relay.target, free_port()
    relay.let_go(break_off=True)
    wait_until(lambda: relay.refused >= 4, "four tries in vain")
    relay.target = there
    assert len(running.finish()["uploaded"]) == 6
    assert len(relay.up) < 7.2 * 150_000  # one chunk was sent twice, at most
