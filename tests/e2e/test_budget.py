# SPDX-License-Identifier: Apache-2.0
"""A month's budget on a link that costs by the byte, a rate, and originals that go by themselves."""
import time

import pytest

import conditions
from clock import DAY, YEAR
from phone import card, noise
from test_auto import World

START = "2026-03-10T08:00:00Z"
BUDGET = 60_000


@pytest.fixture
def world(tmp_path, make_server, make_terminal):
    return World(tmp_path, make_server, make_terminal, START)


@pytest.fixture
def metered(world):
    pytest.importorskip("dbusmock", reason="python3-dbusmock is not installed")
    with conditions.Conditions() as bus:
        world.terminal.env.update(bus.env)
        bus.set(net="mobile", metered="yes")
        world.bus = bus
        yield world


def spent_by(world):
    return sum(r["bytes_sent"] + r["bytes_received"] for r in world.terminal.run("receipts") if r["kind"] == "backup")


def states(world, app):
    return {s["name"]: s["state"] for s in world.terminal.run("box", app)}


def documents(world, files, *selected):
    world.terminal.documents(files)
    world.terminal.run("add", "documents", "--all")
    for name in selected:
        world.terminal.run("select", "documents", name)


FILES = {"chosen.bin": noise(20_000, seed=1), "small.bin": noise(9_000, seed=2), "large.bin": noise(30_000, seed=3),
         "huge.bin": noise(500_000, seed=4)}


def test_the_most_valuable_goes_first_and_the_rest_waits_for_a_cheaper_link(metered):
    documents(metered, FILES, "chosen.bin")
    metered.terminal.run("auto", "all", "--budget", str(BUDGET))
    assert metered.once()["compare"] == "done"
    assert metered.terminal.stderr.count("2 items do not fit") == 1
    assert states(metered, "documents") == {"chosen.bin": "saved", "small.bin": "saved", "large.bin": "new",
                                            "huge.bin": "new"}
    assert spent_by(metered) < BUDGET
    reason, until = metered.waiting["backup"]
    assert (reason, until) == ("budget", "2026-04-01T00:00:00Z")
    assert metered.terminal.run("status")["unsaved_items"] == 2

    assert "backup" not in metered.once()
    assert "2 items do not fit" not in metered.terminal.stderr

    metered.bus.set(net="wifi", metered="no")
    assert metered.once()["backup"] == "done"
    assert set(states(metered, "documents").values()) == {"saved"}
    assert metered.waiting["backup"][0] == "change"


def test_a_new_month_has_a_new_budget_and_no_month_passes_its_own(metered):
    documents(metered, {f"{i}.bin": noise(20_000, seed=i) for i in range(6)})
    metered.terminal.run("auto", "all", "--every", "1d", "--budget", str(BUDGET))
    before = 0
    for month in range(3):
        while metered.clock.when().month == 3 + month:
            metered.once()
            metered.advance(1.5 * DAY)
        spent, before = spent_by(metered) - before, spent_by(metered)
        assert spent <= BUDGET
    assert set(states(metered, "documents").values()) == {"saved"}
    assert metered.saved() == {"Ann": 1, "Ben": 1}


def test_what_fits_goes_although_something_else_is_postponed(metered):
    documents(metered, {"huge.bin": FILES["huge.bin"]})
    metered.terminal.run("auto", "all", "--every", "1d", "--budget", str(BUDGET))
    metered.once()
    metered.edit("Ann")
    metered.advance(DAY)
    assert metered.once()["backup"] == "done"
    assert metered.saved() == {"Ann": 2, "Ben": 1}
    assert states(metered, "documents") == {"huge.bin": "new"}


def test_by_hand_no_budget_counts(metered):
    documents(metered, FILES)
    metered.terminal.run("auto", "all", "--budget", str(BUDGET))
    assert metered.terminal.run("backup")["failed"] == []
    assert set(states(metered, "documents").values()) == {"saved"}
    metered.edit("Ann")
    metered.terminal.run("auto", "all", "--every", "1m", "--budget", str(BUDGET))
    assert metered.once()["backup"] == "done"


def test_a_rate_is_not_passed(world):
    documents(world, {"film.bin": noise(400_000, seed=9)})
    world.terminal.run("auto", "all", "--every", "1d", "--rate", "100k")
    begun = time.monotonic()
    assert world.once()["backup"] == "done"
    assert time.monotonic() - begun > 2  # a burst at its start is not held back
    assert states(world, "documents") == {"film.bin": "saved"}


def merge(world):
    """A restore that leaves an original behind."""
    world.edit("Ann")
    world.terminal.run("backup")
    (world.folder / "Ann.vcf").write_bytes(card("Ann", uid="Ann"))
    world.terminal.run("restore", "contacts", "Ann")
    return len(originals(world))


def originals(world):
    return world.terminal.run("originals")


def days(world, n):
    for _ in range(n):
        world.once()
        world.advance(DAY)


@pytest.mark.parametrize("keep, kept_days", [(None, 30), ("90d", 90)])
def test_originals_are_kept_as_long_as_was_said_and_then_go(world, keep, kept_days):
    world.terminal.run("auto", "off", *(["--keep-originals", keep] if keep else []))
    assert merge(world) > 0
    days(world, kept_days)
    assert originals(world)
    days(world, kept_days // 10 + 2)
    assert originals(world) == []
    assert world.terminal.run("held") == []


def test_a_clock_that_is_ten_years_ahead_for_a_week_takes_no_original(world):
    assert merge(world) > 0
    days(world, 3)
    world.clock.jump(10 * YEAR)
    days(world, 7)
    world.clock.jump(-10 * YEAR)
    days(world, 15)
    assert originals(world)


def test_a_terminal_that_was_off_for_a_year_does_not_take_them_at_its_start(world):
    assert merge(world) > 0
    days(world, 2)
    world.clock.reboot(off=YEAR)
    world.server_clock.advance(YEAR)
    days(world, 5)
    assert originals(world)
