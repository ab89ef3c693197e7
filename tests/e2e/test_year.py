# SPDX-License-Identifier: Apache-2.0
"""A year of two terminals that are left alone, with cut links, kills, reboots, clocks that jump, and one
of the two shut out in the middle: the cloud has exactly the versions of a ledger, and each problem was
told once."""
import os
import random
import subprocess

import pytest

from clock import DAY, HOUR, YEAR, Clock
from phone import card
from programs import put
from relay import Relay

SEED = int(os.environ.get("CLOUDBOX_SEED", random.SystemRandom().randrange(1 << 32)))
START = "2026-01-01T12:00:00Z"

# server/catalog/retention.h
R, MONTH, ANCHORS = 90 * DAY, 30 * DAY, 6


class Ledger:
    """What one terminal has, and which versions of it were acknowledged.

    An entry is [text, from]: the retention clock's seconds when it was received.  `maybe`: of a run that
    was killed, so that only the cloud knows whether it came through."""

    def __init__(self, terminal, names, chance):
        self.terminal, self.chance = terminal, chance
        self.now = dict.fromkeys(names, 0)
        self.versions = {name: [] for name in names}
        self.unsaved = set(names)
        self.maybe = {name: set() for name in names}

    def card(self, name):
        return card(name, uid=name, lines=[f"NOTE:{self.now[name]}"])

    def write(self, names):
        put(self.terminal.phone / "contacts", {f"{name}.vcf": self.card(name) for name in names})

    def edit(self):
        names = self.chance.sample(sorted(self.now), self.chance.choice((0, 0, 1, 1, 1, 2)))
        for name in names:
            self.now[name] += 1
        self.write(names)
        self.unsaved.update(names)

    def acknowledge(self, at):
        for name in self.unsaved:
            self.versions[name].append((self.now[name], at))
        self.unsaved.clear()

    def doubt(self):
        for name in self.unsaved:
            self.maybe[name].add(self.now[name])

    def kept(self, name, tidied):
        """Which versions retention keeps, by the page of it."""
        versions = self.versions[name]
        for i, (text, came) in enumerate(versions):
            if i + 1 == len(versions):
                yield text
                continue
            ended = versions[i + 1][1]
            start = (ended - 1) // MONTH * MONTH
            if max(ended + R, start + ANCHORS * MONTH if came <= start else 0) > tidied:
                yield text


class World:
    """Two terminals, each behind a relay of its own, a server, and a clock for each machine."""

    def __init__(self, server, make_terminal, folder):
        self.server = server
        self.clocks = {name: Clock(folder / f"clock-{name}", at=START) for name in ("server", "phone", "tablet")}
        self.retention = 0.0  # seconds that the server has run
        self.tidied = 0.0     # ... when it tidied last
        server.env = self.clocks["server"].env
        server.start()
        self.relays = {name: Relay(server.port, tls=True) for name in ("phone", "tablet")}
        self.terminals = {name: make_terminal(name) for name in ("phone", "tablet")}
        self.runs = {name: [] for name in self.terminals}  # (what was done, standard error) of each
        for name, t in self.terminals.items():
            t.env = self.clocks[name].env

    def begin(self):
        phone, tablet = self.terminals.values()
        phone.init(self.server, self.through("phone", self.server.invite()))
        phone.server = self.through("tablet", phone.server)
        tablet.join(phone)
        for t, plan in ((phone, ("all", "--every", "20h")), (tablet, ("selected", "--at", "03:00"))):
            t.run("add", "contacts", "--all", "--selected")
            t.run("auto", *plan)

    def through(self, name, url):
        return url.replace(self.server.address, self.relays[name].address)

    def pass_by(self, seconds):
        for clock in self.clocks.values():
            clock.advance(seconds)
        if self.server.is_alive():
            self.retention += seconds

    def server_is_off(self):
        self.server.stop()

    def server_is_on(self):
        self.clocks["server"].reboot()
        self.server.start()

    def tidy(self):
        self.server.run("tidy")
        self.tidied = self.retention

    def close(self):
        for relay in self.relays.values():
            relay.close()


def run(world, ledger, name):
    """What is due, by itself.  What it says it did is acknowledged."""
    t = world.terminals[name]
    told = t.run("run", "--once", expect=(0, 1, 3, 5), env={"CLOUDBOX_PASSPHRASE": None})
    world.runs[name].append((told["done"], t.stderr))
    for done in told["done"]:
        if done["task"] == "backup" and done["result"] == "done":
            ledger.acknowledge(world.retention)


def run_and_kill(world, ledger, name, chance):
    running = world.terminals[name].start("run", "--once", env={"CLOUDBOX_PASSPHRASE": None})
    try:
        running._process.wait(chance.uniform(0, 0.06))
    except subprocess.TimeoutExpired:
        pass
    running.kill()
    world.runs[name].append(None)
    ledger.doubt()


def told_once(runs):
    """Of a task that fails in one way run after run, people hear at the first.  A server that is not reached
    is one way, whatever the network says.  What a run that was killed (None) had told, nobody here knows."""
    problem, unsure, times, wrong = {}, set(), 0, []
    for i, run in enumerate(runs):
        if run is None:
            unsure = {one["task"] for run in runs if run for one in run[0]}
            continue
        done, stderr = run
        for one in done:
            task, code = one["task"], one["code"]
            way = code if code == "unreachable" else one["message"]
            if code:
                heard, news = stderr.count(f"{task}: {one['message']}"), problem.get(task) != way
                if heard != news and (task not in unsure or heard > 1):
                    wrong.append((i, task, one["message"], heard))
                times += heard
            problem[task] = way
            unsure.discard(task)
    assert not wrong, wrong
    return times


def saved(ledger, reader, *args):
    """Each item's versions in the cloud, oldest first: what its note said."""
    found = {}
    for name in ledger.now:
        history = reader.run("history", "contacts", name, *args)
        found[name] = [(v["version"], note_of(v)) for v in reversed(history)]
    return found


def note_of(version):
    notes = [f["value"] for f in version["fields_changed"] if f["field"] == "NOTE"]
    return int(notes[-1]) if notes else None


def check_versions(ledger, found, tidied):
    for name, versions in found.items():
        numbers = [number for number, _ in versions]
        assert numbers == sorted(set(numbers))
        notes = [note for _, note in versions if note is not None and note not in ledger.maybe[name]]
        kept = [text for text in ledger.kept(name, tidied) if text not in ledger.maybe[name]]
        if versions[0][1] is None:  # the oldest one has nothing to differ from
            kept = [text for text in kept if text in notes] if not kept or kept[0] in notes else kept[1:]
        assert notes == kept, f"{name}: {notes}, but {kept} of {ledger.versions[name]}"


@pytest.fixture
def world(make_server, make_terminal, tmp_path):
    world = World(make_server(start=False), make_terminal, tmp_path)
    yield world
    world.close()


def test_after_a_year_alone_the_cloud_has_what_the_ledger_says_and_each_problem_was_told_once(world):
    chance = random.Random(SEED)
    print(f"CLOUDBOX_SEED={SEED}")
    phone, tablet = world.terminals.values()
    ledgers = {"phone": Ledger(phone, [f"friend-{i}" for i in range(9)], chance),
               "tablet": Ledger(tablet, [f"colleague-{i}" for i in range(5)], chance)}
    for name, ledger in ledgers.items():
        world.terminals[name].contacts({one: ledger.card(one) for one in ledger.now})
    world.begin()

    off = range(*sorted(chance.sample(range(60, 66), 2)))        # the server
    cut = range(*sorted(chance.sample(range(140, 146), 2)))      # the phone's link
    future = range(*sorted(chance.sample(range(220, 240), 2)))   # the tablet's clock: ten years ahead
    past = range(*sorted(chance.sample(range(250, 270), 2)))     # the phone's: ten years back
    revoked = chance.randrange(290, 310)
    for day in range(YEAR // DAY):
        world.pass_by(chance.uniform(0.95, 1.05) * DAY)
        if day == off.start:
            world.server_is_off()
        elif day == off.stop:
            world.server_is_on()
        world.relays["phone"].target = 1 if day in cut else world.server.port
        for days, name, years in ((future, "tablet", 10), (past, "phone", -10)):
            if day in (days.start, days.stop):
                world.clocks[name].jump(years * YEAR * (1 if day == days.start else -1))
        if day == revoked:
            phone.run("revoke", tablet.device, "--yes")
        for name, ledger in ledgers.items():
            ledger.edit()
            if chance.random() < 0.02:
                world.clocks[name].reboot(uptime=chance.uniform(1, HOUR))
            if chance.random() < 0.05 and (name, day >= revoked) != ("tablet", True):
                run_and_kill(world, ledger, name, chance)
            if chance.random() < 0.1:
                world.relays[name].cut(chance.choice(("up", "down")), chance.randrange(4000))
            run(world, ledger, name)
            world.relays[name].let_go()
        if day % 10 == 0 and world.server.is_alive():
            world.pass_by(HOUR)
            world.tidy()
    world.pass_by(DAY / 2)
    world.tidy()

    for name, ledger in ledgers.items():
        made = sum(len(v) for v in ledger.versions.values())
        kept = sum(len(list(ledger.kept(one, world.tidied))) for one in ledger.now)
        print(f"{name}: {len(world.runs[name])} runs, {made} versions made, {kept} to be kept, "
              f"{sum(map(len, ledger.maybe.values()))} in doubt, {len(ledger.unsaved)} never saved")
        assert made > 100 and kept < made - 50

    check_versions(ledgers["phone"], saved(ledgers["phone"], phone), world.tidied)
    check_versions(ledgers["tablet"], saved(ledgers["tablet"], phone, "--from", tablet.device), world.tidied)
    for name, runs in world.runs.items():
        print(name, "was told", told_once(runs), "times")
        assert told_once(runs) >= (2 if name == "phone" else 1)
    assert world.server.run("check", "--all")["damaged"] == []
