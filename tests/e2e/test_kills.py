# SPDX-License-Identifier: Apache-2.0
"""kill -9 of terminals and server at random moments, under load, against a ledger.

Four terminals of three accounts change items and back up at once, round after round; in each round
one program at least is killed.  What a `backup` acknowledged with exit 0 goes into the ledger.  From
time to time all come to rest and are compared: with what the server lists, with each version of some
items, and with what a blank terminal gets back.

`make check` does some rounds, CLOUDBOX_FULL=1 a thousand, in parts that may run side by side;
CLOUDBOX_SEED chooses others.
"""
import os
import random
import statistics
import time

import pytest

from phone import card, noise
from programs import tree
from relay import Relay

FULL = bool(os.environ.get("CLOUDBOX_FULL"))
SEED = int(os.environ.get("CLOUDBOX_SEED", "1"))
PARTS, BATCHES, ROUNDS = (4, 10, 25) if FULL else (1, 1, 32)
CARDS, FILES = 5, 3
FILE_BYTES = 40_000  # more than fits a record: a chunk


class Item:
    """One item of a terminal.  Its size tells its state: no two states are of one size."""

    def __init__(self, app, name, number):
        self.app, self.name, self.number = app, name, number
        self.state = 0
        self.tried, self.acknowledged = set(), set()
        self.base = len(self.content(0))

    def content(self, state):
        if self.app == "documents":
            return noise(FILE_BYTES + state, seed=f"{self.number} {state}")
        return card(f"Person {self.name}", uid=self.name, tel=f"+49{self.number:08}", lines=["NOTE:" + "n" * state])

    def state_of_size(self, size):
        folds = 0 if self.app == "documents" else 3 * ((size - self.base + 5) // 77)
        return next(s for s in range(max(0, size - self.base - folds - 3), size - self.base + 1)
                    if len(self.content(s)) == size)


class Phone:
    """A terminal and its page of the ledger."""

    def __init__(self, t, number):
        self.t = t
        self.items = {("contacts", f"c{i}"): Item("contacts", f"c{i}", 100 * number + i) for i in range(CARDS)}
        self.items |= {("documents", f"f{i}"): Item("documents", f"f{i}", 100 * number + 50 + i)
                       for i in range(FILES)}
        self.running = None
        self.is_clean = False  # its last backup was acknowledged
        self.dirty = []  # what the running one has to send

    def prepare(self):
        for app, adapter in (("contacts", "vcard"), ("documents", "files")):
            self.t.app(app, adapter, {self.path(i): i.content(0) for i in self.items.values() if i.app == app})
            self.t.run("add", app, "--all")

    @staticmethod
    def path(item):
        return item.name + (".vcf" if item.app == "contacts" else "")

    def change(self, r):
        for item in r.sample(list(self.items.values()), r.randint(1, 4)):
            item.state += 1
            path = self.t.phone / item.app / self.path(item)
            # As editors do it: the old state or the new one lies there, never half a file.
            aside = self.t.folder / "aside"
            aside.write_bytes(item.content(item.state))
            aside.rename(path)

    def start(self):
        self.dirty = [i for i in self.items.values() if i.state not in i.acknowledged]
        for item in self.items.values():
            item.tried.add(item.state)
        self.running = self.t.start("backup")

    def kill(self):
        """Whether there was something to kill."""
        if not self.running or not self.running.is_alive():
            return False
        self.running.kill()
        self.running = None
        self.is_clean = False
        return True

    def finish(self, may_fail):
        """Whether it was acknowledged."""
        if not self.running:
            return False
        running, self.running = self.running, None
        status = running._collect()
        told = f"{status}\n{running.stdout}{running.stderr}"
        assert status == 0 or (may_fail and status == 5), told
        if status == 0:
            for item in self.items.values():
                item.acknowledged.add(item.state)
        self.is_clean = status == 0
        return status == 0

    def listed(self):
        return {(i["app"], i["id"]): i for i in self.t.run("cloud") if i["app"] != "box"}


def the_batch_is_there_wholly_or_not_at_all(phone):
    listed = phone.listed()
    there = {item.state_of_size(listed[key]["size"]) == item.state
             for key, item in phone.items.items() if item in phone.dirty and key in listed}
    there |= {False for key, item in phone.items.items() if item in phone.dirty and key not in listed}
    assert len(there) <= 1, f"half a batch: {listed}"


def each_version_is_one_that_was_tried(phone, r):
    for (app, name), item in r.sample(list(phone.items.items()), 2):
        versions = phone.t.run("history", app, name)
        assert [v["version"] for v in versions] == list(range(len(versions), 0, -1))
        states = [item.state_of_size(v["size"]) for v in versions]
        assert states == sorted(set(states), reverse=True), f"{app} {name}: {states}"
        assert item.acknowledged <= set(states) <= item.tried


def the_server_has_what_was_acknowledged(phone):
    listed = phone.listed()
    assert set(listed) == set(phone.items)
    for key, item in phone.items.items():
        assert item.state_of_size(listed[key]["size"]) == item.state
        assert len(item.acknowledged) <= listed[key]["versions"] <= len(item.tried)


def a_blank_terminal_gets_it(phone, make_terminal):
    blank = make_terminal()
    blank.join(phone.t)
    blank.contacts({})
    blank.documents({})
    blank.run("restore", "--from", phone.t.device)
    assert tree(blank.phone) == tree(phone.t.phone)


def what_was_sent_again_was_the_same(relay):
    """Of each (device, seq) one batch only was ever sent, however often and how much of it."""
    seen = {}
    for connection in relay.connections:
        up = bytes(connection.up)
        at = 0
        while (at := up.find(b"POST /v1/batches ", at)) >= 0:
            body = up.find(b"\r\n\r\n", at) + 4
            length = up.find(b"Content-Length: ", at) + 16
            if body < 4 or length < 16:
                break
            batch = up[body:body + int(up[length:up.index(b"\r\n", length)])]
            at = body + len(batch)
            if len(batch) < 56:
                continue  # cut within its header
            assert batch[:4] == b"CBB1"
            key = batch[24:40], batch[48:56]  # device, seq
            before = seen.setdefault(key, batch)
            n = min(len(before), len(batch))
            assert before[:n] == batch[:n], "two batches of one number"
            seen[key] = max(before, batch, key=len)
    return len(seen)


class Tally:
    def __init__(self):
        self.rounds = self.phones = self.servers = self.starting = 0
        self.acknowledged = self.went_on = self.unreachable = self.batches = 0
        self.seconds = [0.3]

    def __str__(self):
        return (f"{self.rounds} rounds: {self.phones} backups and {self.servers} servers killed "
                f"({self.starting} while they started); {self.acknowledged} backups acknowledged, "
                f"{self.went_on} of them went on by themselves after the server died, "
                f"{self.unreachable} gave up with 5; {self.batches} batches on the wire")


def kill_server(server, r, tally):
    server.kill()
    tally.servers += 1
    while r.random() < 0.3:
        server.launch()
        time.sleep(r.uniform(0, 0.05))  # the moment is the point
        server.kill()
        tally.servers += 1
        tally.starting += 1
    server.start()


def one_round(server, phones, r, tally):
    for phone in phones:
        if r.random() < 0.9:
            phone.change(r)
    was_clean = {phone: phone.is_clean for phone in phones}
    begun = time.monotonic()
    for phone in phones:
        phone.start()
    victims = r.choice([["server"], ["server"], [r.choice(phones)], r.sample(phones, 2), [*phones],
                        ["server", r.choice(phones)], [r.choice(phones), "server"]])
    moments = sorted(r.uniform(0, 1.2 * statistics.median(tally.seconds[-20:])) for _ in victims)
    killed, server_died = [], False
    for moment, victim in zip(moments, victims):
        time.sleep(max(0, begun + moment - time.monotonic()))  # the moment is the point
        if victim == "server":
            kill_server(server, r, tally)
            server_died = True
        elif victim.kill():
            killed.append(victim)
            tally.phones += 1
    if not killed and not server_died:  # they were quicker
        kill_server(server, r, tally)
        server_died = True
    for phone in phones:
        was_running = phone.running
        done = phone.finish(may_fail=server_died)
        tally.acknowledged += done
        tally.went_on += done and server_died
        tally.unreachable += bool(was_running and not done)
    if not server_died and len(killed) < len(phones):
        tally.seconds.append(time.monotonic() - begun)
    for phone in killed:
        if was_clean[phone] and r.random() < 0.2:
            the_batch_is_there_wholly_or_not_at_all(phone)
    tally.rounds += 1


def come_to_rest(server, phones, relay, make_terminal, r, tally):
    for phone in phones:
        phone.start()
        assert phone.finish(may_fail=False)
    assert server.run("check", "--all")["damaged"] == []
    for phone in phones:
        the_server_has_what_was_acknowledged(phone)
        each_version_is_one_that_was_tried(phone, r)
        assert phone.t.run("backup")["requests"] == 0
    for phone in phones if FULL else phones[1:3]:
        a_blank_terminal_gets_it(phone, make_terminal)
    tally.batches += what_was_sent_again_was_the_same(relay)
    relay.forget()


def new_phones(server, make_terminal):
    phones = [Phone(make_terminal(), n) for n in range(4)]
    for phone in phones[:3]:
        phone.t.init(server)
    phones[3].t.join(phones[2].t)
    for phone in phones:
        phone.prepare()
    return phones


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_is_killed_nothing_acknowledged_is_lost_doubled_or_half(make_relayed, make_terminal, part):
    server, relay = make_relayed()
    r, tally = random.Random(SEED * 1000 + part), Tally()
    print(f"seed {SEED}, part {part}")
    for _ in range(BATCHES):
        phones = new_phones(server, make_terminal)
        for _ in range(ROUNDS):
            one_round(server, phones, r, tally)
        come_to_rest(server, phones, relay, make_terminal, r, tally)
        print(tally, flush=True)
    assert tally.phones and tally.servers and tally.acknowledged and tally.went_on
