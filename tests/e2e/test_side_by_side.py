# SPDX-License-Identifier: Apache-2.0
"""Devices of one account at the same time, in any order: none disturbs another, and one that is shut out
while it saves has saved it before the cut or not at all. (tests/unit/server/test_race.c does the latter
200 times; here are both programs.)"""
import os
import random

import pytest

from phone import card
from programs import by_name

SEED = int(os.environ.get("CLOUDBOX_SEED", random.randrange(1 << 30)))


class Device:
    """A terminal with two contacts of its own and what it should have in the cloud of each."""

    def __init__(self, t):
        self.t = t
        self.numbers = {}
        self.versions = {}

    def change(self, name, number):
        uid = f"{name}-{self.t.name}"
        self.t.contacts({name: card(name, uid=uid, tel=number)})
        self.numbers[name] = number
        self.versions[name] = self.versions.get(name, 0) + 1

    def first(self):
        for name in ("Anna", "Bert"):
            self.change(name, "+490")
        self.t.run("add", "contacts", "--all", "--yes")
        assert self.t.run("backup")["failed"] == []


@pytest.fixture
def two(make_terminal, server):
    a, b = make_terminal("phone"), make_terminal("tablet")
    a.init(server)
    b.join(a)
    devices = [Device(a), Device(b)]
    for d in devices:
        d.first()
    return devices


def test_saving_and_restoring_side_by_side_leaves_each_its_own(two):
    print("seed", SEED)
    chance = random.Random(SEED)
    for step in range(12):
        running = []
        for d, other in (two, two[::-1]):
            what = chance.choice(("save", "save", "restore", "cloud", "none"))
            if what == "save":
                d.change(chance.choice(("Anna", "Bert")), f"+49{step + 1}")
                running.append(d.t.start("backup"))
            elif what == "restore":  # of the other one's, looked at only
                running.append(d.t.start("restore", "contacts", "--from", other.t.device, "--preview"))
            elif what == "cloud":
                running.append(d.t.start("cloud", "--from", other.t.device))
        for r in running:
            told = r.finish()
            assert not (isinstance(told, dict) and told.get("failed")), told
            assert "note:" not in r.stderr, r.stderr
    for d, other in (two, two[::-1]):
        assert d.t.run("backup", "--check")["uploaded"] == []
        assert d.t.run("verify", "--data")["bad"] == []
        for reader in (d.t, other.t):
            there = by_name(reader.run("cloud", "--from", d.t.device))
            assert {n: i["versions"] for n, i in there.items()} == d.versions
        assert d.t.stderr == other.t.stderr == ""


def test_what_is_saved_while_the_device_is_shut_out_counts_or_does_not_exist(two, make_terminal):
    """It saves one state after the other until it is refused; the newest that counts is one of them, and
    none that counts was not acknowledged."""
    phone = two[0].t
    for i in range(2):
        lost = Device(make_terminal(f"lost {i}"))
        lost.t.join(phone)
        lost.first()
        two[1].change("Anna", f"+49{i + 1}")
        shutting, beside = phone.start("revoke", lost.t.device, "--yes"), two[1].t.start("backup")
        while True:
            lost.change("Anna", f"+4966{lost.versions['Anna']}")
            told = lost.t.run("backup", expect=(0, 1))
            if "error" in told:
                break
            assert told["failed"] == []
        assert told["error"]["code"] == "revoked", told
        assert shutting.finish()["changed"] == 1
        assert beside.finish()["failed"] == []
        acknowledged = lost.versions["Anna"] - 1
        counts = by_name(phone.run("cloud", "--from", lost.t.device))["Anna"]["versions"]
        print(f"acknowledged {acknowledged}, of which count {counts}")
        assert 1 <= counts <= acknowledged
        [shown] = [v for v in phone.run("history", "contacts", "Anna", "--from", lost.t.device)
                   if v["version"] == counts]
        assert shown["device"] == lost.t.device
        assert lost.t.error("backup", "--check")["code"] == "revoked"
        for t in (phone, two[1].t):
            assert t.run("verify", "--data")["bad"] == []
        assert by_name(phone.run("cloud", "--from", two[1].t.device))["Anna"]["versions"] == i + 2
