# SPDX-License-Identifier: Apache-2.0
"""By itself: plans, and months of them, on clocks that the story moves.

The terminal is stepped as a timer or a resident service would: `run --once`, then time passes until what it said is
next, or until something happens.  Server and terminal are two machines: each has clocks of its own."""
import random
import sqlite3

import pytest

import clock
import conditions
from clock import DAY, HOUR, MINUTE, YEAR
from phone import card

TASKS = ("backup", "compare")
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"


class World:
    """A server and a terminal, and the time that passes for both."""

    def __init__(self, folder, make_server, make_terminal, at):
        self.server_clock = clock.Clock(folder / "server", at=at)
        self.clock = clock.Clock(folder / "terminal", at=at)
        self.server = make_server(start=False)
        self.server.env = self.server_clock.env
        self.server.start()
        self.terminal = make_terminal()
        self.terminal.env = dict(self.clock.env)
        self.terminal.init(self.server, env=self.server_clock.env)
        self.folder = self.terminal.contacts({name: card(name, uid=name) for name in ("Ann", "Ben")})
        self.versions = {"Ann": 0, "Ben": 0}
        self.terminal.run("add", "contacts", "--all")

    def advance(self, seconds):
        self.clock.advance(seconds)
        self.server_clock.advance(seconds)

    def until(self, moment):
        self.advance(clock.seconds_of(moment) - self.clock.now())

    def edit(self, name):
        """Somebody changes a contact; a clock that stands far off must not hide it."""
        self.versions[name] += 1
        note = f"NOTE:state {self.versions[name]} {'x' * self.versions[name]}"
        (self.folder / f"{name}.vcf").write_bytes(card(name, uid=name, lines=[note]))

    def once(self, expect=0):
        """{task: result} of what was due; what waits is in `waiting`, what was said in terminal.stderr.
        Of other tasks (drills, heartbeats) stories of their own tell."""
        told = self.terminal.run("run", "--once", expect=expect, env={"CLOUDBOX_PASSPHRASE": None})
        self.waiting = {one["task"]: (one["reason"], one["until"])
                        for one in told["waiting"] if one["task"] in TASKS}
        self.next = min((until for _, until in self.waiting.values() if until), default=None)
        return {one["task"]: one["result"] for one in told["done"] if one["task"] in TASKS}

    def problems(self):
        return [one for one in self.terminal.run("status")["problems"] if one["task"] in TASKS]

    def sleep(self):
        """Until what is next."""
        self.until(clock.seconds_of(self.next) + 0.001)

    def saved(self):
        """{name: versions} of what lies in the cloud."""
        return {one["name"]: one["versions"] for one in self.terminal.run("cloud", "contacts")}


@pytest.fixture
def world(tmp_path, make_server, make_terminal):
    return World(tmp_path, make_server, make_terminal, "2027-01-11T12:00:00Z")


# What is saved, and when


def test_by_hand_nothing_happens_by_itself(world):
    assert world.once() == {} and world.waiting == {} and world.next is None
    world.advance(YEAR)
    assert world.once() == {}
    assert world.terminal.run("status")["unsaved_items"] == 2
    assert world.terminal.run("status")["auto"] == "off"


def test_selected_saves_the_selected_and_all_saves_all(world):
    world.terminal.run("select", "contacts", "Ann")
    world.terminal.run("auto", "selected", "--every", "1d")
    assert world.once() == {"backup": "done"}
    assert world.saved() == {"Ann": 1}
    world.terminal.run("auto", "all", "--every", "1d")
    assert world.once() == {}  # its time has not come
    world.advance(DAY)
    assert world.once() == {"backup": "done"}
    assert world.saved() == {"Ann": 1, "Ben": 1}


def test_every_call_states_the_whole_plan(world):
    world.terminal.run("auto", "all", "--every", "6h", "--only-on", "charging", "--between",
                       "22:00-07:00", "--budget", "30M", "--rate", "200k", "--keep-originals", "90d")
    plan = world.terminal.run("auto")
    assert [plan[key] for key in ("mode", "every", "at", "only_on", "between", "budget", "rate",
                                  "keep_originals")] \
        == ["all", "6h", None, "charging", "22:00-07:00", 30_000_000, 200_000, "90d"]
    text = world.terminal.run("auto", json=False)
    assert "every 6h" in text and "22:00-07:00" in text and "charging" in text
    assert "每隔 6h" in world.terminal.run("auto", json=False, lang="zh_CN")
    world.terminal.run("auto", "all", "--at", "02:30")
    plan = world.terminal.run("auto")
    assert (plan["every"], plan["at"], plan["only_on"], plan["budget"]) == (None, "02:30", None, None)


def test_a_plan_that_is_none_is_a_usage_error_and_changes_nothing(world):
    world.terminal.run("auto", "selected", "--every", "1d")
    for args, message in (
            (["--every", "6h"], "which mode?"),
            (["some"], "some is no mode"),
            (["all", "--every", "6h", "--at", "02:30"], "--every and --at cannot both be meant"),
            (["all", "--at", "2.30"], "--at: 2.30 is no time of day"),
            (["all", "--between", "night"], "--between: night are no hours"),
            (["all", "--only-on", "wifi"], "--only-on: wifi is no condition"),
            (["all", "--budget", "much"], "--budget: much is no number of bytes")):
        assert world.terminal.error("auto", *args, expect=2)["message"] == message
        assert world.terminal.run("auto")["mode"] == "selected"


def test_without_a_time_changes_that_nobody_saw_are_found_once_a_day(world):
    world.terminal.run("auto", "all")
    assert world.once() == {"compare": "done"}  # never done before
    for _ in range(3):
        assert world.waiting["backup"] == ("change", None)
        world.edit("Ann")
        world.advance(HOUR)
        assert world.once() == {}
        world.sleep()
        assert world.once() == {"compare": "done"}
    assert world.saved() == {"Ann": 4, "Ben": 1}


def test_a_box_that_is_taken_over_brings_its_plan_along(world, make_terminal):
    world.terminal.run("auto", "all", "--at", "02:30", "--only-on", "unmetered")
    assert world.once() == {"backup": "done"}
    other = make_terminal()
    other.env = dict(world.clock.env)
    other.join(world.terminal, "--replace", world.terminal.device)
    plan = other.run("auto")
    assert (plan["mode"], plan["at"], plan["only_on"]) == ("all", "02:30", "unmetered")


def test_a_plan_of_a_newer_program_stops_it_and_hides_nothing(world):
    world.terminal.run("auto", "all", "--every", "1d", "--only-on", "charging")
    db = sqlite3.connect(world.terminal.home / "box.db")
    db.execute("UPDATE settings SET value = ? WHERE key = 'auto-only-on'", (b"charging,full-moon",))
    db.commit()
    db.close()
    told = world.terminal.error("run", "--once")
    assert told["code"] == "unsupported" and "cloudbox auto" in told["hint"]
    assert world.terminal.run("status")["unsaved_items"] == 2
    assert "newer" in world.terminal.stderr
    world.terminal.run("auto", "all", "--every", "1d")
    assert world.once() == {"backup": "done"}


# Months


def test_every_six_hours_for_two_weeks_is_one_run_for_each_six_hours(world):
    world.terminal.run("auto", "all", "--every", "6h")
    begin, runs = world.clock.now(), 0
    while world.clock.now() < begin + 14 * DAY:
        assert world.once() == {"backup": "done"}
        runs += 1
        assert world.waiting == {"backup": ("time", world.next)}
        if runs % 8 == 0:
            world.edit("Ann")
        world.advance(3 * HOUR)
        assert world.once() == {}  # a timer that comes too early
        world.sleep()
    assert runs == 14 * 4
    assert world.once() == {"backup": "done"}
    assert world.saved() == {"Ann": 1 + 14 * 4 // 8, "Ben": 1}


def test_a_daily_time_is_kept_through_summer_time_and_made_up_for_after_sleep(world):
    world.terminal.env["TZ"] = BERLIN
    world.terminal.run("auto", "all", "--at", "02:30")
    world.once()
    chance, days = random.Random(6), []
    world.until("2027-02-27T12:00:00Z")
    world.once()
    while world.clock.text() < "2027-04-12":
        world.sleep()
        if chance.random() < 0.2:  # asleep then
            world.advance(chance.uniform(MINUTE, 20 * HOUR))
        assert world.once() == {"backup": "done"}, world.clock.text()
        days.append(world.clock.when())
        assert world.once() == {}
    # Each day once, and none is left out.
    assert len({when.date() for when in days}) == len(days) == (days[-1].date() - days[0].date()).days + 1
    # 02:30 is 01:30 in winter, 00:30 in summer; on 28 March it is left out, and 03:00 stands for it.
    punctual = [when for when in days if when.minute in (0, 30) and when.second == 0]
    assert len(punctual) > 25
    for when in punctual:
        assert (when.hour, when.minute) == ((1, 30) if when.strftime("%m%d") < "0328" else
                                            (1, 0) if when.strftime("%m%d") == "0328" else (0, 30))


def test_hours_across_midnight_are_kept(world):
    world.terminal.run("auto", "all", "--every", "1h", "--between", "22:30-01:00")
    runs = 0
    for _ in range(20):
        world.edit("Ann")
        if world.once() == {"backup": "done"}:
            runs += 1
            assert world.clock.text()[11:16] >= "22:30" or world.clock.text()[11:16] < "01:00"
        assert set(world.waiting) == {"backup"}
        world.sleep()
    assert runs >= 18


def test_conditions_of_a_month_are_kept(world):
    pytest.importorskip("dbusmock", reason="python3-dbusmock is not installed")
    chance = random.Random(7)
    with conditions.Conditions() as said:
        world.terminal.env |= said.env
        world.terminal.run("auto", "all", "--every", "12h", "--only-on", "unmetered,battery>30")
        runs = waits = 0
        for day in range(30):
            net, battery = chance.choice(["wifi", "mobile"]), chance.randint(1, 100)
            said.set(net=net, metered="guess-no" if net == "wifi" else "guess-yes", battery=battery)
            world.edit("Ben")
            done = world.once()
            if net == "mobile":
                assert done == {} and world.waiting["backup"] == ("unmetered", None)
            elif battery <= 30:
                assert done == {} and world.waiting["backup"] == ("battery", None)
            else:
                assert done == {"backup": "done"}
            runs, waits = runs + bool(done), waits + (not done)
            world.advance(DAY)
        assert runs > 5 and waits > 5
    # The bus ended: nobody knows, and it goes on.
    assert world.once() == {"backup": "done"}


# Originals


def restored(world):
    """A restore that changed something: an original is kept."""
    world.terminal.run("backup")
    (world.folder / "Ann.vcf").write_bytes(card("Ann", uid="Ann", lines=["NOTE:else"]))
    (world.folder / "Ben.vcf").unlink()
    world.terminal.run("restore", "contacts")
    assert world.terminal.run("originals")
    return world.clock.now()


def days_until_purged(world, most):
    for day in range(most):
        world.once()
        if not world.terminal.run("originals"):
            return day
        world.advance(DAY)
    return None


def test_originals_go_by_themselves_when_they_are_old_enough(world):
    restored(world)
    world.terminal.run("auto", "off", "--keep-originals", "30d")
    assert 30 <= days_until_purged(world, 60) <= 30 + 3


def test_a_clock_that_is_set_ahead_for_some_days_purges_nothing(world):
    restored(world)
    world.terminal.run("auto", "off", "--keep-originals", "90d")
    world.once()
    chance = random.Random(10)
    for _ in range(6):
        world.advance(8 * DAY)
        world.once()
        world.clock.jump(10 * YEAR)
        for _ in range(5):
            world.once()
            if chance.random() < 0.5:
                world.clock.reboot(off=HOUR)
            world.advance(DAY)
        world.clock.jump(-10 * YEAR)
        world.once()
    assert world.terminal.run("originals")
    # 80 days went by.  It is not forgotten either, and goes when it was there for so long.
    assert 5 <= days_until_purged(world, 90) <= 60


# Clocks


@pytest.mark.parametrize("plan", [["--every", "6h"], ["--at", "02:30"], []])
def test_a_clock_that_is_set_by_ten_years_neither_stops_it_nor_makes_it_a_loop(world, plan):
    chance = random.Random(8)
    ANY = (0, 1)  # a heartbeat with such a clock is refused
    world.terminal.run("auto", "all", *plan)
    world.once(expect=ANY)
    versions = 1
    for years in (10, -10, -10, 10):
        world.clock.jump(years * YEAR + chance.uniform(-DAY, DAY))
        if chance.random() < 0.5:
            world.clock.reboot(off=10 * MINUTE)
        world.edit("Ann")
        # At most one run more for it ...
        versions += bool(world.once(expect=ANY))
        assert world.once(expect=ANY) == {}
        # ... and then it goes on as planned.
        for _ in range(3):
            assert 0 < clock.seconds_of(world.next) - world.clock.now() <= DAY + HOUR
            world.sleep()
            world.edit("Ann")
            assert list(world.once(expect=ANY).values()) == ["done"]
            versions += 1
            assert world.once(expect=ANY) == {}
    world.clock.set(world.server_clock.now())
    assert world.saved() == {"Ann": versions, "Ben": 1}


def test_a_clock_that_is_wrong_is_told_once_where_the_server_cannot_believe_it(world):
    world.terminal.run("auto", "all")
    assert world.once() == {"compare": "done"}
    world.clock.jump(-2 * YEAR)
    world.advance(DAY)
    assert world.once(expect=1) == {"compare": "failed"}
    assert "the clocks of this terminal and of the server are 730 days apart" in world.terminal.stderr
    assert "here it is 2025-01-12T12:00:" in world.terminal.stderr
    assert "there 2027-01-12T12:00:" in world.terminal.stderr
    for _ in range(5):
        world.sleep()
        assert world.once(expect=1) == {"compare": "failed"}
        assert "clocks" not in world.terminal.stderr
    assert world.terminal.error("cloud")["message"] == "the clocks of this terminal and of the server are " \
        "730 days apart"  # and not that the passphrase is wrong
    world.clock.set(world.server_clock.now())
    world.advance(4 * HOUR)
    assert world.once() == {"compare": "done"}
    assert world.problems() == []


def test_reboots_neither_stop_it_nor_make_it_come_too_often(world):
    chance = random.Random(9)
    world.terminal.run("auto", "all", "--every", "6h")
    newest, runs = None, 0
    for _ in range(60):
        if world.once():
            assert newest is None or world.clock.now() - newest >= 6 * HOUR
            newest, runs = world.clock.now(), runs + 1
        off = chance.choice([MINUTE, HOUR, 9 * HOUR])
        world.clock.reboot(off=off)
        world.server_clock.advance(off)
        world.advance(chance.uniform(MINUTE, 5 * HOUR))
    assert runs > 20
    assert world.clock.starts > 60


# Problems


def test_a_server_that_is_away_is_told_once_and_tried_less_and_less(world):
    world.terminal.run("auto", "all", "--every", "1h")
    assert world.once() == {"backup": "done"}
    world.server.stop()
    world.edit("Ann")
    told, tries, begin = 0, 0, world.clock.now()
    world.sleep()
    while world.clock.now() < begin + 6 * HOUR:
        assert world.once(expect=5) == {"backup": "failed"}
        tries += 1
        told += "backup: " in world.terminal.stderr
        assert world.waiting["backup"][0] == "retry"
        assert world.once() == {}  # a timer that comes too early is no failure
        problems = world.problems()
        assert [(one["task"], one["code"]) for one in problems] == [("backup", "unreachable")]
        assert problems[0]["message"] in world.terminal.run("status", json=False)
        world.sleep()
    assert told == 1
    assert 8 <= tries <= 9  # after 5, 10, 20, 40 minutes, then every hour
    world.server.start()
    assert world.once() == {"backup": "done"}
    assert world.problems() == []
    assert world.saved() == {"Ann": 2, "Ben": 1}
    # It is news when it happens again.
    world.server.stop()
    world.edit("Ann")
    world.advance(HOUR)
    assert world.once(expect=5) == {"backup": "failed"}
    assert "backup: " in world.terminal.stderr


def test_an_item_that_fails_is_told_once_and_the_others_are_saved(world):
    files = world.terminal.documents({"big": b"x" * 5000, "other": b"1"})
    world.terminal.run("add", "documents", "--all")
    world.terminal.run("auto", "all", "--every", "1h")
    assert world.once() == {"backup": "done"}
    (files / "big").unlink()
    (files / "big").mkdir()
    told = 0
    for n in range(4):
        world.advance(HOUR)
        (files / "other").write_bytes(b"2" * (n + 2))
        assert world.once() == {"backup": "done"}
        told += "big" in world.terminal.stderr
    assert told == 1
    assert next(one["versions"] for one in world.terminal.run("cloud", "documents")
                if one["name"] == "other") == 5


def test_a_run_that_is_killed_is_tried_again_later_and_loses_nothing(world):
    world.terminal.run("auto", "all", "--every", "1d")
    world.terminal.documents({"large": bytes(range(256)) * 4096 * 20})
    world.terminal.run("add", "documents", "--all")
    running = world.terminal.start("run", "--once", env=world.terminal.env)
    running.kill()
    if world.terminal.run("status")["last_backup"] is None:
        world.once()
        world.advance(5 * MINUTE)
        world.once()
    assert world.terminal.run("status")["unsaved_items"] == 0
    world.advance(DAY)
    assert world.once() == {"backup": "done"}
