# SPDX-License-Identifier: Apache-2.0
"""The call log of GNOME Calls: the real program, which calls with its "dummy" provider."""
import collections
import contextlib
import sqlite3
import subprocess

import pytest

import desktop
import killed
import phone_apps
from programs import wait_until

A_MINUTE = "2026-11-20T10:00:00.250000Z", "2026-11-20T10:00:05.000000Z", "2026-11-20T10:01:05.999000Z"


@pytest.fixture(scope="module")
def make_phone(tmp_path_factory):
    """make_phone(): a blank terminal with a session of its own."""
    desktop.need("dbus-daemon", "gnome-calls", "Xvfb")
    made = []

    def make(name=None):
        made.append(phone_apps.Phone(tmp_path_factory.mktemp("phone"), name or f"phone {len(made)}"))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def log(t):
    return t.data / "calls/records.db"


def rows(t):
    """What Calls has of each call: number, inbound, start, answered, end, protocol."""
    return phone_apps.select(log(t), 'SELECT target, inbound, start, answered, "end", protocol FROM calls ORDER BY id') or []


def use(t, *numbers):
    """Open Calls, call the numbers, close it: it makes its call log, and adds to it."""
    assert t.session.pid_of("org.gnome.Calls") is None
    with t.program("gnome-calls", "--provider", "dummy", owns="org.gnome.Calls") as env:
        wait_until(lambda: phone_apps.select(log(t), "SELECT max(version) FROM _gom_version") == [(2,)], "the call log")
        for number in numbers:
            dialled = subprocess.Popen(["gnome-calls", "--dial", number], env=env, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_until(lambda: any(r[0] == number for r in rows(t)), f"the call to {number} in the log")
            dialled.terminate()
            dialled.wait(60)


def insert(t, *calls):
    with contextlib.closing(sqlite3.connect(log(t))) as db, db:
        db.executemany('INSERT INTO calls (target, inbound, start, answered, "end", protocol) VALUES (?, ?, ?, ?, ?, ?)',
                       calls)


def results(told):
    return collections.Counter(i["result"] for i in told["items"])


def restored(t, other, *more, **want):
    told = t.run("restore", "calls", "--from", other.device, *more)
    assert results(told) == want, told
    before = rows(t)
    assert set(results(t.run("restore", "calls", "--from", other.device, *more))) <= {"identical"}
    assert rows(t) == before, "a second restore wrote something"
    return told


@pytest.fixture
def pair(make_phone, server):
    a, b = make_phone(), make_phone()
    a.init(server)
    b.join(a)
    return a, b


def backup(t):
    t.run("add", "calls", "--all")
    return t.run("backup")


MISSED = "+4915112345678", 1, "2026-11-21T09:00:00.000000Z", None, "2026-11-21T09:00:20.000000Z", "tel"
TALKED = "+15555550100", 1, *A_MINUTE, "tel"
OUT = "0123456", 0, "2026-11-22T09:00:00.500000Z", "2026-11-22T09:00:01.000000Z", "2026-11-22T09:02:01.000000Z", "tel"


def test_calls_of_both_phones_come_together_and_calls_goes_on_with_them(pair):
    a, b = pair
    use(a, "+4930111111")
    use(b, "+4930222222")
    insert(a, MISSED, TALKED)
    insert(b, OUT)
    for t in pair:
        backup(t)
    real = rows(a)[0]
    restored(b, a, added=3)
    now = {r[0]: r for r in rows(b)}
    assert now["+4915112345678"][3] is None and now["+4915112345678"][1] == 1, "a missed call"
    assert now["+15555550100"][2] == TALKED[2] and now["+15555550100"][5] == "tel"
    assert now["+4930111111"][2][:23] == real[2][:23], "to the millisecond"
    use(b, "+4930333333")
    assert {r[0] for r in rows(b)} == {"+4930222222", "0123456", "+4930111111", "+4915112345678", "+15555550100",
                                       "+4930333333"}
    b.run("undo")
    assert {r[0] for r in rows(b)} == {"+4930222222", "0123456", "+4930333333"}


XML = ("<?xml version='1.0' encoding='UTF-8'?>\n<calls count=\"6\">\n"
       '<call number="+49301" duration="61" date="1700000000123" type="1" contact_name="A"/>\n'
       '<call number="+49302" duration="0" date="1700000001000" type="5"/>\n'
       '<call number="-1" duration="0" date="1700000002000" type="3"/>\n'
       '<call number="-2" duration="0" date="1700000002000" type="3"/>\n'
       '<call number="" duration="0" date="1700000002000" type="3"/>\n'
       '<call number="+49303" duration="30" date="1700000003000" type="4"/>\n</calls>\n').encode()


def test_an_android_phones_calls_come_into_calls_once(make_phone, make_terminal, server):
    android, t = make_terminal(), make_phone()
    android.init(server)
    t.join(android)
    use(t)
    android.app("calls", "calls-xml", {"calls.xml": XML})
    backup(android)
    told = t.run("restore", "calls", "--from", android.device, expect=3)
    assert results(told) == {"added": 5, "failed": 1}, told
    assert [i["reason"] for i in told["items"] if i["result"] == "failed"] == [
        "GNOME Calls keeps no duration of a call that was not answered"]
    assert sorted(r[:4] for r in rows(t)) == sorted([
        ("+49301", 1, "2023-11-14T22:13:20.123000Z", "2023-11-14T22:13:20.123000Z"),
        ("+49302", 1, "2023-11-14T22:13:21.000000Z", None), ("-1", 1, "2023-11-14T22:13:22.000000Z", None),
        ("-2", 1, "2023-11-14T22:13:22.000000Z", None), ("", 1, "2023-11-14T22:13:22.000000Z", None)])
    before = rows(t)
    told = t.run("restore", "calls", "--from", android.device, expect=3)
    assert results(told) == {"identical": 5, "failed": 1}, told
    assert rows(t) == before
    use(t, "+4930444444")
    assert len(rows(t)) == 6
    t.run("undo")
    assert [r[0] for r in rows(t)] == ["+4930444444"]


def test_a_log_that_is_locked_newer_or_damaged_is_left_alone_with_a_reason(pair):
    a, b = pair
    use(a), use(b, "+4930222222")
    insert(a, MISSED)
    backup(a), backup(b)
    whole = rows(b)
    with contextlib.closing(sqlite3.connect(log(b))) as db:
        db.execute("BEGIN IMMEDIATE")
        told = b.run("restore", "calls", "--from", a.device, expect=3)
        assert "close GNOME Calls and do it again" in told["items"][0]["reason"], told
        assert len(b.run("items", "calls")) == 1, "reading needs no lock"
    with contextlib.closing(sqlite3.connect(log(b))) as db, db:
        db.execute("INSERT INTO _gom_version VALUES (3)")
    told = b.run("restore", "calls", "--from", a.device, expect=3)
    assert "version 3 of the call log" in told["items"][0]["reason"], told
    assert rows(b) == whole
    with contextlib.closing(sqlite3.connect(log(b))) as db, db:
        db.execute("DELETE FROM _gom_version WHERE version = 3")
    with contextlib.closing(sqlite3.connect(log(b))) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [[page]] = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'calls'")
    with open(log(b), "r+b") as file:
        file.seek(4096 * (page - 1))
        file.write(b"\xff" * 4096)
    damaged = log(b).read_bytes()
    told = b.run("restore", "calls", "--from", a.device, expect=3)
    assert "a part of the app cannot be read, and it may be there" in told["items"][0]["reason"], told
    assert log(b).read_bytes() == damaged
    assert len(b.run("items", "calls", expect=None)) == 1, "what was known of it stays known"
    assert "the database of GNOME Calls" in b.stderr


@killed.needs_faults
def test_killed_between_any_two_writes_all_or_nothing_is_there_and_the_next_restore_completes_it(pair, tmp_path):
    a, b = pair
    for t in pair:
        use(t)
    insert(a, *[(f"+4917{i:08}", i % 2, *A_MINUTE, "tel") for i in range(30)])
    insert(b, ("+49170", 1, *A_MINUTE, "tel"))
    a.run("add", "calls", "--all")
    a.run("backup")
    mine = rows(b)
    put_back = killed.keep(b, tmp_path, "box", ".local")
    for where in killed.each(b, tmp_path, put_back, "restore", "calls", "--from", a.device):
        assert where or len(rows(b)) == 31
        assert rows(b) == mine or len(rows(b)) == 31, where
        assert phone_apps.select(log(b), "PRAGMA integrity_check") == [("ok",)], where
        b.run("restore", "calls", "--from", a.device)
        assert len(rows(b)) == len(set(rows(b))) == 31, where
        assert set(results(b.run("restore", "calls", "--from", a.device))) == {"identical"}, where
