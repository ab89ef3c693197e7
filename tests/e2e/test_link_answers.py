# SPDX-License-Identifier: Apache-2.0
"""What the protocol lets a server say, said by a proxy in its place: the terminal does as it is told."""
import re

import pytest

from phone import card, jpeg, noise, people
from programs import named
from proxy import Proxy, say

BATCHES, HAVE, CHUNKS = "/v1/batches", "/v1/have", "/v1/chunks"


@pytest.fixture(scope="module")
def world(make_server, make_terminal):
    server = make_server(plain=True)
    with Proxy(server.port) as proxy:
        t = make_terminal()
        t.init(server, re.sub(r":\d+/", f":{proxy.port}/", server.invite()))
        yield server, proxy, t


@pytest.fixture
def phone(world):
    """The terminal with one more contact that has a photo, so that there is a chunk to send."""
    server, proxy, t = world
    number = len(list(t.phone.rglob("*.vcf")))
    t.contacts({f"n{number}": card(f"Number {number}", uid=f"n{number}", photo=jpeg(3000, seed=number))})
    proxy.forget()
    return t


def add_and_back_up(t, **how):
    t.run("add", "contacts", "--all", "--no")
    return t.run("backup", **how)


def bodies(proxy, path):
    return [request.body for request in proxy.requests if request.path == path]


def nothing_is_left(t):
    assert t.run("backup")["requests"] == 0


# Later

@pytest.mark.parametrize("path", [BATCHES, HAVE, CHUNKS])
@pytest.mark.parametrize("status,word", [(429, "slow-down"), (503, "busy")])
def test_a_server_that_asks_to_wait_is_asked_again_when_it_said(world, phone, path, status, word):
    _, proxy, _ = world
    t = phone
    proxy.next(path, say(status, word, ["Retry-After: 1"]))
    add_and_back_up(t)
    assert proxy.done
    times = [at for request, at in zip(proxy.requests, proxy.at) if request.path == path]
    assert times[1] - times[0] >= 1
    nothing_is_left(t)


@pytest.mark.parametrize("path", [BATCHES, HAVE, CHUNKS])
@pytest.mark.parametrize("status,word", [(500, "internal"), (502, None), (503, "busy"), (408, "slow")])
def test_a_server_that_fails_after_it_did_its_work_has_it_once(world, phone, path, status, word):
    _, proxy, _ = world
    t = phone
    proxy.next(path, say(status, word, after=True))
    add_and_back_up(t)
    assert proxy.done
    sent = bodies(proxy, BATCHES)
    assert len(set(sent)) == 1
    nothing_is_left(t)


def test_a_longer_wait_than_a_command_takes_ends_it_and_the_next_goes_on(world, phone):
    _, proxy, _ = world
    t = phone
    proxy.next(BATCHES, say(429, "slow-down", ["Retry-After: 3600"]))
    assert add_and_back_up(t, expect=5)["error"]["hint"]
    t.run("backup")
    assert len(set(bodies(proxy, BATCHES))) == 1
    nothing_is_left(t)


# No room

@pytest.mark.parametrize("path", [BATCHES, CHUNKS])
@pytest.mark.parametrize("word", ["quota", "disk"])
def test_a_full_server_is_said_and_later_the_backup_goes_on(world, phone, path, word):
    _, proxy, _ = world
    t = phone
    proxy.next(path, say(507, word))
    told = add_and_back_up(t, expect=1)["error"]
    assert told["code"] == "full" and word in told["message"] and told["hint"]
    assert t.run("status")["unsaved_items"] == 1
    t.run("backup")
    nothing_is_left(t)


# Too old

@pytest.mark.parametrize("path", [BATCHES, HAVE, CHUNKS])
def test_a_server_for_newer_programs_only_says_which(world, phone, path):
    _, proxy, _ = world
    t = phone
    proxy.next(path, say(426, "version", needs="9.75"))
    told = add_and_back_up(t, expect=1)["error"]
    assert told["code"] == "unsupported" and "9.75" in told["hint"]
    assert "old" in told["message"]
    t.run("backup")
    assert len(set(bodies(proxy, BATCHES))) == 1  # the same bytes, once it is let in
    nothing_is_left(t)


# Too large

def test_a_server_that_takes_smaller_batches_gets_them(world, make_terminal):
    server, proxy, _ = world
    t = make_terminal()
    t.init(server, re.sub(r":\d+/", f":{proxy.port}/", server.invite()))
    t.contacts(people(40))
    t.run("add", "contacts", "--all")
    proxy.always(BATCHES, lambda q: say(413, "too-large") if len(q.body) > 3000 else None)
    told = t.run("backup")
    assert len(told["uploaded"]) == 40 and told["failed"] == []
    proxy.always(BATCHES)
    assert {i["versions"] for i in t.run("cloud")} == {1} and len(t.run("cloud")) == 40
    assert t.run("backup")["requests"] == 0


# Values of 2 KiB would become chunks; no two of these are alike, so that they do not compress.
BIG = [f"X-N{i}:{noise(700, seed=i).hex()}" for i in range(12)]


def test_an_item_that_fits_in_no_batch_is_named_and_its_neighbours_are_saved(world, make_terminal):
    server, proxy, _ = world
    t = make_terminal()
    t.init(server, re.sub(r":\d+/", f":{proxy.port}/", server.invite()))
    t.contacts({**people(7), "big": card("Big One", uid="big", lines=BIG)})
    t.run("add", "contacts", "--all")
    proxy.always(BATCHES, lambda q: say(413, "too-large") if len(q.body) > 6000 else None)
    told = t.run("backup", expect=3)
    assert named(told["failed"]) == ["Big One"] and told["failed"][0]["reason"]
    assert len(told["uploaded"]) == 7
    proxy.always(BATCHES)
    assert named(t.run("backup")["uploaded"]) == ["Big One"]
    assert {i["versions"] for i in t.run("cloud")} == {1} and len(t.run("cloud")) == 8


def test_chunks_that_the_server_lost_are_sent_again_and_then_the_same_batch(world, phone):
    _, proxy, _ = world
    t = phone
    def missing(x):
        [chunk] = bodies(proxy, CHUNKS)
        return say(424, "missing-chunks", cids=[chunk[:32].hex()])(x)

    proxy.next(BATCHES, missing)
    add_and_back_up(t)
    sent = bodies(proxy, BATCHES)
    assert len(sent) == 2 and sent[0] == sent[1]
    assert proxy.paths() == [HAVE, CHUNKS, BATCHES, HAVE, BATCHES]  # it was there after all
    nothing_is_left(t)


def test_after_all_this_each_contact_is_there_once(world):
    server, _, t = world
    cloud = t.run("cloud")
    assert {i["versions"] for i in cloud} == {1}
    assert len(cloud) == len(list(t.phone.rglob("*.vcf")))
    assert server.run("check", "--all")["damaged"] == []
