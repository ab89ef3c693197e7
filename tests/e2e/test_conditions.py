# SPDX-License-Identifier: Apache-2.0
"""When it may go by itself: link and battery, as NetworkManager and UPower say."""
import os
import time

import pytest

import conditions
import programs

pytest.importorskip("dbusmock", reason="python3-dbusmock is not installed")

CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%d\r\nFN:Somebody\r\nEND:VCARD\r\n"


@pytest.fixture(scope="module")
def terminal(make_terminal, server):
    made = make_terminal()
    made.init(server)
    made.contacts({"one": CARD % 1})
    made.run("add", "contacts", "--all")
    return made


@pytest.fixture(scope="module")
def bus():
    with conditions.Conditions() as made:
        yield made


@pytest.fixture
def said(bus):
    return bus.reset()


def known(terminal, said):
    return terminal.run("auto", env=said.env)["conditions"]


def waiting(terminal, said):
    return {one["task"]: one["reason"] for one in terminal.run("status", env=said.env)["waiting"]}


@pytest.mark.parametrize("net, metered, expected", [
    ("wifi", "no", False), ("wifi", "guess-no", False), ("wifi", "yes", True),
    ("wifi", "guess-yes", True), ("wifi", "unknown", None), ("ethernet", "unknown", None),
    ("mobile", "unknown", True), ("mobile", "guess-yes", True), ("mobile", "no", False),
])
def test_metered_is_what_is_said_and_a_mobile_network_is_unless_it_is_said(
        terminal, said, net, metered, expected):
    said.set(net=net, metered=metered)
    assert known(terminal, said)["metered"] is expected


@pytest.mark.parametrize("tunnel", ["vpn", "wireguard", "tun"])
@pytest.mark.parametrize("below, expected", [
    ([("wifi", "guess-no")], False), ([("mobile", "unknown")], True), ([("wifi", "yes")], True),
    ([("wifi", "no"), ("mobile", "guess-yes")], True), ([("wifi", "unknown")], None), ([], True),
])
def test_a_vpn_is_as_metered_as_what_carries_it(terminal, said, tunnel, below, expected):
    said.set(net=tunnel, metered="guess-no")
    said.carrier(tunnel, "guess-no")
    for net, metered in below:
        said.carrier(net, metered)
    said.carrier("wifi", "no", state=4)  # one that is down carries nothing
    assert known(terminal, said)["metered"] is expected


def test_who_sets_a_tunnel_to_unmetered_is_believed(terminal, said):
    said.set(net="wireguard", metered="no")
    said.carrier("mobile", "yes")
    assert known(terminal, said)["metered"] is False


def test_power_and_battery_are_what_upower_says(terminal, said):
    assert known(terminal, said)["charging"] is True
    said.set(power="discharging", battery=42.7)
    assert (known(terminal, said)["charging"], known(terminal, said)["battery"]) == (False, 42)
    said.set(power="full", battery=100)
    assert (known(terminal, said)["charging"], known(terminal, said)["battery"]) == (True, 100)


def test_a_machine_without_a_battery_has_enough_of_it(terminal, said):
    said.set(present=False, battery=0)
    assert known(terminal, said)["battery"] == 100


def test_what_nobody_says_counts_as_met_and_is_told(terminal):
    nobody = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere/bus"}
    terminal.run("auto", "all", "--every", "1d", "--only-on", "unmetered,charging,battery>20")
    told = terminal.run("status", env=nobody)
    assert told["waiting"] == [] and told["unknown"] == ["unmetered", "charging", "battery"]
    assert "unmetered, charging, battery" in terminal.run("status", json=False, env=nobody)
    with conditions.Conditions(services=[conditions.NM]) as half:
        assert terminal.run("status", env=half.env)["unknown"] == ["charging", "battery"]
    with conditions.Conditions(services=[]) as empty:
        assert terminal.run("auto", env=empty.env)["conditions"] == {
            "connected": None, "metered": None, "charging": None, "battery": None}


@pytest.mark.parametrize("plan, wrong, right, reason", [
    ("unmetered", {"net": "mobile", "metered": "guess-yes"}, {"net": "wifi", "metered": "guess-no"},
     "unmetered"),
    ("charging", {"power": "discharging"}, {"power": "charging"}, "charging"),
    ("battery>30", {"battery": 30}, {"battery": 31}, "battery"),
])
def test_a_backup_waits_for_its_condition_and_says_so(make_terminal, server, said, plan, wrong, right,
                                                      reason):
    terminal = make_terminal()
    terminal.init(server)
    terminal.contacts({"one": CARD % 1})
    terminal.run("add", "contacts", "--all")
    terminal.run("auto", "all", "--every", "1d", "--only-on", plan, env=said.env)
    said.set(**wrong)
    told = terminal.run("run", "--once", env=said.env)
    # That it lives it says whatever the link costs.
    assert [one["task"] for one in told["done"]] == ["beat"]
    assert told["waiting"][0] == {"task": "backup", "reason": reason, "until": None}
    assert "backup waits for" in terminal.stderr
    assert waiting(terminal, said) == {"backup": reason, "beat": "time"}
    assert terminal.run("status", env=said.env)["unsaved_items"] == 1
    said.set(**right)
    told = terminal.run("run", "--once", env=said.env)
    assert [one["result"] for one in told["done"]] == ["done"]
    assert terminal.run("status", env=said.env)["unsaved_items"] == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace takes root")
def test_without_a_network_nothing_is_tried(make_terminal, server, said):
    terminal = make_terminal()
    terminal.init(server)
    terminal.contacts({"one": CARD % 1})
    terminal.run("add", "contacts", "--all")
    terminal.run("auto", "all", "--every", "1d")
    said.set(net="none", metered="unknown")
    # Nothing there but lo: the kernel has no route either.
    terminal.within = ["unshare", "--net"]
    assert known(terminal, said)["connected"] is False
    assert terminal.run("run", "--once", env=said.env)["waiting"][0]["reason"] == "network"
    terminal.within = []
    said.set(net="wifi")
    done = terminal.run("run", "--once", env=said.env)["done"]
    assert [one["task"] for one in done] == ["backup", "beat"]


def test_a_bus_that_hangs_is_not_waited_for(terminal, said):
    with said.stopped():
        start = time.monotonic()
        assert known(terminal, said)["metered"] is None
        assert time.monotonic() - start < programs.PATIENCE / 4
