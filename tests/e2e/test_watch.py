# SPDX-License-Identifier: Apache-2.0
"""`cloudbox run` sees: a change on the terminal, the clocks, the bus."""
import signal

import pytest

import clock as clocks
import conditions
import desktop
from phone import card, people
from programs import put, wait_until

NO_PASSPHRASE = {"CLOUDBOX_PASSPHRASE": None}


@pytest.fixture
def terminal(server, make_terminal):
    t = make_terminal()
    t.init(server)
    t.contacts(people(3))
    t.run("add", "contacts", "--all")
    t.run("auto", "all")
    return t


@pytest.fixture
def clock(tmp_path):
    return clocks.Clock(tmp_path / "clock")


def backups(t):
    return sum(receipt["kind"] == "backup" for receipt in t.run("receipts"))


def wait_for_backups(t, service, n):
    wait_until(lambda: backups(t) >= n, f"backup {n}; the service says: {service.stderr}")
    assert backups(t) == n


def settled(t, service):
    """The first backup is made, and nothing is due."""
    wait_for_backups(t, service, 1)
    wait_until(lambda: "waits for a change" in service.stderr, "what it waits for")
    return service


def test_a_changed_contact_is_backed_up_by_itself(terminal, serve):
    service = settled(terminal, serve(terminal))
    put(terminal.phone / "contacts", {"p00001.vcf": card("Somebody Else", uid="uid-1-1", tel="+491")})
    wait_for_backups(terminal, service, 2)
    versions = {item["id"]: item["versions"] for item in terminal.run("cloud")}
    assert versions == {"uid-1-0": 1, "uid-1-1": 2, "uid-1-2": 1}


def test_what_is_written_into_a_file_that_stays_open_is_backed_up_by_itself(terminal, serve):
    folder = terminal.documents({"note.txt": b"one"})
    terminal.run("add", "documents", "--all")
    service = settled(terminal, serve(terminal))
    with open(folder / "note.txt", "r+b", buffering=0) as note:
        note.write(b"two")
        wait_for_backups(terminal, service, 2)


def test_what_comes_into_a_new_folder_is_backed_up_by_a_rule(terminal, serve, clock):
    folder = terminal.documents({"first.txt": b"1"})
    terminal.run("add", "documents", "--where", "size >= 0", "--rule", "everything", "--yes")
    service = settled(terminal, serve(terminal, env=clock.env))
    put(folder, {"2026/11/second.txt": b"2"})
    wait_for_backups(terminal, service, 2)
    put(folder, {"2026/11/third.txt": b"3"})
    clock.advance(60)
    wait_for_backups(terminal, service, 3)
    assert len(terminal.run("cloud", "documents")) == 3


def test_the_session_is_over_after_ten_minutes_of_the_boot_clock(terminal, serve, clock):
    serve(terminal, env=clock.env)
    terminal.run("cloud")
    clock.jump(10 * clocks.YEAR)  # somebody sets the wall clock
    terminal.run("cloud", env=NO_PASSPHRASE)
    clock.advance(599)
    terminal.run("cloud", env=NO_PASSPHRASE)
    clock.advance(2)
    assert terminal.error("cloud", expect=4, env=NO_PASSPHRASE)["code"] == "locked"
    assert terminal.run("lock") == {"changed": 0}


def test_what_was_slept_through_is_done_after_waking(terminal, serve, clock):
    terminal.run("auto", "all", "--every", "6h")
    service = serve(terminal, env=clock.env)
    wait_for_backups(terminal, service, 1)
    wait_until(lambda: "backup waits for its time" in service.stderr, "what it waits for")
    clock.advance(7 * clocks.HOUR)
    service.signal(signal.SIGHUP)  # as the kernel's timer does in a sleep that is real
    wait_until(lambda: service.stderr.count("backup waits for its time") == 2, "it went by again")


@pytest.fixture
def bus(tmp_path):
    """bus(): a system's bus, always at the same address."""
    pytest.importorskip("dbusmock", reason="python3-dbusmock is not installed")
    place = tmp_path / "bus"

    class Bus(conditions.Conditions):
        def __enter__(self):
            super().__enter__()
            place.unlink(missing_ok=True)
            place.symlink_to(self.env["DBUS_SYSTEM_BUS_ADDRESS"].split("path=")[1].split(",")[0])
            return self

    Bus.address = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={place}"}
    return Bus


def test_a_link_that_costs_nothing_any_more_is_seen_at_once(terminal, serve, bus):
    terminal.run("auto", "all", "--only-on", "unmetered")
    with bus() as said:
        said.reset().set(net="mobile", metered="yes")
        service = serve(terminal, said="a link that does not cost by the byte", env=bus.address)
        assert backups(terminal) == 0
        said.set(net="wifi", metered="no")
        wait_for_backups(terminal, service, 1)


def test_a_bus_that_goes_away_and_comes_back_ends_no_service(terminal, serve, bus, clock):
    terminal.run("auto", "all", "--only-on", "unmetered")
    with bus() as said:
        said.reset().set(net="mobile", metered="yes")
        service = serve(terminal, said="a link that does not cost by the byte",
                        env={**bus.address, **clock.env})
    wait_for_backups(terminal, service, 1)  # nobody says that it costs: it counts as free
    put(terminal.phone / "contacts", {"p00001.vcf": card("Somebody Else", uid="uid-1-1")})
    with bus() as said:
        said.reset().set(net="mobile", metered="yes")
        clock.advance(61)  # it looks for the bus again
        service.signal(signal.SIGHUP)
        told = service.stderr.count("a link that does not cost by the byte")
        wait_until(lambda: service.stderr.count("a link that does not cost by the byte") > told,
                   f"the bus is heard again: {service.stderr}")
        said.set(net="wifi", metered="no")
        wait_for_backups(terminal, service, 2)


EVENT = """BEGIN:VEVENT\r\nUID:tea\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260301T150000Z\r\nSUMMARY:Tea\r\nEND:VEVENT\r\n"""


def test_what_the_address_book_and_the_calendar_write_is_backed_up_by_itself(server, tmp_path, serve):
    """The service asks Evolution Data Server nothing: it sees that its files change."""
    desktop.need_eds()
    t = desktop.Desktop(tmp_path, "laptop")
    try:
        t.init(server)
        for name, adapter in (("contacts", "eds-contacts"), ("calendar", "eds-calendar")):
            t.gnome(name, adapter)
        t.eds("contacts", "add", card("Anna", uid="anna").decode())
        t.eds("events", "add", EVENT)
        for app in ("contacts", "calendar"):
            t.run("add", app, "--where", "size>0", "--rule", f"all-{app}", "--yes")
        t.run("auto", "all")
        service = serve(t)
        settled(t, service)
        t.eds("contacts", "add", card("Ben Adam", uid="ben").decode())
        wait_for_backups(t, service, 2)
        t.eds("events", "modify", EVENT.replace("Tea", "Tea and cake"))
        wait_for_backups(t, service, 3)
        assert {i["name"] for i in t.run("cloud")} == {"Anna", "Ben Adam", "Tea and cake"}
    finally:
        t.stop()
