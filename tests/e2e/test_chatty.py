# SPDX-License-Identifier: Apache-2.0
"""SMS and MMS in Chatty: the real program makes its history, opens it again after a restore, and shows it."""
import base64
import collections
import contextlib
import os
import random
import shutil
import sqlite3
import subprocess

import pytest

import corpus
import desktop
import mounts
import faults
import phone
import phone_apps
import sms_schema
from programs import wait_until

NAME = "sm.puri.Chatty"
JPEG = phone.jpeg(5000, 7)
FULL = bool(os.environ.get("CLOUDBOX_FULL"))
SEED = int(os.environ.get("CLOUDBOX_SEED", "1"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home in which Chatty has been once."""
    desktop.need("dbus-daemon", "chatty", "Xvfb")
    t = phone_apps.Phone(tmp_path_factory.mktemp("first"))
    visit(t)
    t.stop()
    return history(t).read_bytes()


@pytest.fixture(scope="module")
def make_phone(tmp_path_factory, made):
    """make_phone(): a blank terminal with a session, and Chatty's history, empty."""
    phones = []

    def make(name=None):
        t = phone_apps.Phone(tmp_path_factory.mktemp("phone"), name or f"phone {len(phones)}")
        phones.append(t)
        history(t).parent.mkdir(parents=True)
        history(t).write_bytes(made)
        return t

    yield make
    for one in phones:
        one.stop()


def history(t):
    return t.folder / ".purple/chatty/db/chatty-history.db"


def visit(t):
    """Start Chatty, until its history is there, and end it."""
    with t.program("chatty", owns=NAME):
        wait_until(lambda: phone_apps.select(history(t), "PRAGMA user_version") == [(4,)], "Chatty's history")


def rows(t):
    """What Chatty has of each message: conversation, its type, direction, seconds, body, status, kind."""
    return phone_apps.select(history(t), "SELECT t.name, t.type, m.direction, m.time, m.body, m.status, m.body_type"
                                         " FROM messages m JOIN threads t ON t.id = m.thread_id ORDER BY m.id")


def files(t):
    """The files of each message: body -> [(type, bytes)]."""
    out = collections.defaultdict(list)
    for body, kind, path in phone_apps.select(
            history(t), "SELECT m.body, k.name, f.path FROM messages m JOIN message_files x ON x.message_id = m.id"
                        " JOIN files f ON f.id = x.file_id JOIN mime_type k ON k.id = f.mime_type_id ORDER BY x.id"):
        where = t.data / "chatty" / path
        out[body].append((kind, where.read_bytes() if where.exists() else None))
    return out


@contextlib.contextmanager
def writing(t):
    with contextlib.closing(sqlite3.connect(history(t))) as db, db:
        db.execute("PRAGMA foreign_keys = ON")
        yield db


def received(t, number, body, seconds, direction=1, uid=None):
    """A message as Chatty puts it there when one arrives, or is sent."""
    with writing(t) as db:
        own = db.execute("SELECT id, user_id FROM accounts WHERE protocol = 1").fetchone()
        db.execute("INSERT OR IGNORE INTO users (username, type) VALUES (?, 1)", (number,))
        user = db.execute("SELECT id FROM users WHERE username = ?", (number,)).fetchone()[0]
        db.execute("INSERT OR IGNORE INTO threads (name, account_id, type) VALUES (?, ?, 0)", (number, own[0]))
        thread = db.execute("SELECT id FROM threads WHERE name = ?", (number,)).fetchone()[0]
        db.execute("INSERT OR IGNORE INTO thread_members (thread_id, user_id) VALUES (?, ?)", (thread, user))
        db.execute("INSERT INTO messages (uid, thread_id, sender_id, body, body_type, direction, time, encrypted, status)"
                   " VALUES (?, ?, ?, ?, 1, ?, ?, 0, ?)",
                   (uid or f"0f2b8c5e-0000-4000-8000-{seconds:012}", thread, user if direction == 1 else own[1], body,
                    direction, seconds, 2 if direction == 1 else 3))


def sms(number, body, ms, type=1):
    return f'<sms protocol="0" address="{number}" date="{ms}" type="{type}" subject="null" body="{body}" read="1" contact_name="x" />'


def mms(numbers, ms, *parts, box=1, id="null", addrs=()):
    return (f'<mms date="{ms}" msg_box="{box}" m_id="{id}" tr_id="null" sub="null" address="{numbers}"><parts>'
            + "".join(parts) + "</parts><addrs>"
            + "".join(f'<addr address="{a}" type="{k}" charset="106" />' for a, k in addrs) + "</addrs></mms>")


def picture(data=JPEG):
    return f'<part seq="0" ct="image/jpeg" name="null" cl="beach.jpg" text="null" data="{base64.b64encode(data).decode()}" />'


def text(body):
    return f'<part seq="1" ct="text/plain" name="null" text="{body}" data="null" />'


def smses(*elements):
    return ("<?xml version='1.0' encoding='UTF-8'?>\n" f'<smses count="{len(elements)}">\n'
            + "\n".join(elements) + "\n</smses>\n").encode()


def results(told):
    return collections.Counter(i["result"] for i in told["items"])


def reasons(told):
    return sorted(i["reason"] for i in told["items"] if i["result"] == "failed")


def restored(t, other, expect=0, **want):
    told = t.run("restore", "messages", "--from", other.device, expect=expect)
    assert results(told) == want, told
    before, there = rows(t), sorted((t.data / "chatty").rglob("*"))
    again = t.run("restore", "messages", "--from", other.device, expect=expect)
    assert set(results(again)) <= {"identical", "failed"}, again
    assert (rows(t), sorted((t.data / "chatty").rglob("*"))) == (before, there), "a second restore wrote something"
    return told


def backup(t):
    t.run("add", "messages", "--all")
    return t.run("backup")


@pytest.fixture
def pair(make_phone, server):
    a, b = make_phone(), make_phone()
    a.init(server)
    b.join(a)
    return a, b


@pytest.fixture
def android(make_phone, make_terminal, server):
    """(an Android phone's files backed up, a phone with Chatty): call it with the elements."""

    def make(*elements):
        a, t = make_terminal(), make_phone()
        a.init(server)
        t.join(a)
        a.app("messages", "sms-xml", {"sms.xml": smses(*elements)})
        backup(a)
        return a, t

    return make


def test_two_phones_messages_come_together_and_chatty_shows_them(pair):
    a, b = pair
    received(a, "+4915112345678", "Hello \U0001F600 & <you>", 1700000000)
    received(a, "+4915112345678", "Answer\nof two lines", 1700000060, -1)
    received(b, "+4915112345678", "Hello \U0001F600 & <you>", 1700000000, uid="another uid of the same message")
    received(b, "7535", "only here", 1700000100)
    backup(a), backup(b)
    restored(b, a, identical=1, added=1)
    assert sorted(rows(b), key=lambda r: r[3]) == [
        ("+4915112345678", 0, 1, 1700000000, "Hello \U0001F600 & <you>", 2, 1),
        ("+4915112345678", 0, -1, 1700000060, "Answer\nof two lines", 3, 1),
        ("7535", 0, 1, 1700000100, "only here", 2, 1)]
    whole = rows(b)
    visit(b)
    assert rows(b) == whole
    assert phone_apps.select(history(b), "PRAGMA integrity_check") == [("ok",)]
    assert phone_apps.select(history(b), "PRAGMA foreign_key_check") == []
    b.run("undo")
    assert [r[4] for r in rows(b)] == ["Hello \U0001F600 & <you>", "only here"]
    restored(a, b, identical=1, added=1)


def test_an_android_phones_messages_come_into_chatty_once(android):
    a, t = android(
        sms("+1 (555) 555-0000", "G", 1373942574000), sms("+15555550000", "G", 1373942574321),  # case 22
        sms("+15555550000", "G", 1373942574000), sms("VODAFONE", "&#55357;&#56832;", 1373942575000),  # 21, 23
        sms("+15555550000", "sent", 1373942576000, 2), sms("+15555550000", "not sent", 1373942577000, 5),
        sms("+15555550000", "draft", 1373942578000, 3), sms("", "nobody", 1373942579000),
        mms("+15557778888", 1609470000000, picture(), text("look"), id="m1@example.org", addrs=[("+15557778888", 137)]),
        mms("+15557778888~+15559990000", 1609470001000, text("all of us"), picture(),
            addrs=[("+15559990000", 137), ("insert-address-token", 151), ("+15557778888", 151)]),
        mms("+15559990000~+15557778888", 1609470002000, text("and me"), box=2, addrs=[("+15559990000", 151)]))
    told = restored(t, a, expect=3, added=10, failed=1)
    assert reasons(told) == ["Chatty keeps no message without a number"]
    assert collections.Counter(rows(t)) == collections.Counter([
        ("+15555550000", 0, 1, 1373942574, "G", 2, 1)] * 3 + [
        ("VODAFONE", 0, 1, 1373942575, "\U0001F600", 2, 1), ("+15555550000", 0, -1, 1373942576, "sent", 3, 1),
        ("+15555550000", 0, -1, 1373942577, "not sent", 6, 1), ("+15555550000", 0, -1, 1373942578, "draft", 1, 1),
        ("+15557778888", 0, 1, 1609470000, "look", 2, 12),
        *[(group, 1, d, s, body, status, 12) for group in {r[0] for r in rows(t) if r[1] == 1}
          for d, s, body, status in [(1, 1609470001, "all of us", 2), (-1, 1609470002, "and me", 3)]]])
    assert files(t) == {"look": [("image/jpeg", JPEG)], "all of us": [("image/jpeg", JPEG)]}
    assert len({r[0] for r in rows(t) if r[1] == 1}) == 1, "one group, in whichever order its people are named"
    whole = rows(t)
    visit(t)
    assert rows(t) == whole and files(t)["look"] == [("image/jpeg", JPEG)]
    t.run("undo")
    assert rows(t) == [] and not list((t.data / "chatty/mms").iterdir())
    assert phone_apps.select(history(t), "SELECT count(*) FROM threads") == [(0,)]
    assert phone_apps.select(history(t), "SELECT username FROM users") == [("invalid-0000000000000000",)]


def test_an_mms_that_lost_its_picture_gets_it_back(android):
    a, t = android(mms("+15557778888", 1609470000000, picture(), text("look"), id="m1@example.org",
                       addrs=[("+15557778888", 137)]))
    restored(t, a, added=1)
    backup(t)
    for path in (t.data / "chatty/mms").rglob("part-*"):
        path.unlink()
    with writing(t) as db:  # Chatty notes something, so that its history is looked at again
        db.execute("UPDATE threads SET notification = 0")
    assert files(t) == {"look": [("image/jpeg", None)]}
    restored(t, a, merged=1)
    assert ("image/jpeg", JPEG) in files(t)["look"]
    t.run("undo")
    assert ("image/jpeg", JPEG) not in files(t)["look"]


def test_while_chatty_is_open_it_is_only_read(pair):
    a, b = pair
    received(a, "+4915112345678", "Hello", 1700000000)
    received(b, "7535", "only here", 1700000100)
    backup(a)
    with b.program("chatty", owns=NAME):
        assert len(backup(b)) and len(b.run("items", "messages")) == 1
        whole = history(b).read_bytes()
        told = b.run("restore", "messages", "--from", a.device, expect=3)
        assert reasons(told) == ["Chatty is open; end it (it goes on in the background: `pkill -x chatty`), do this again,"
                                 " then start it"]
        assert history(b).read_bytes() == whole
    restored(b, a, added=1)
    with b.program("chatty", owns=NAME):
        told = b.run("undo", expect=3)
        assert "Chatty is open" in told["items"][0]["reason"]
    b.run("undo")
    assert [r[4] for r in rows(b)] == ["only here"]


def test_while_chatty_is_open_what_is_there_is_identical_and_the_reason_for_the_others_is_told_once(pair):
    a, b = pair
    for i in range(20):
        received(a, "+4915112345678", f"Nr {i}", 1700000000 + i)
    for i in range(5):
        received(b, "+4915112345678", f"Nr {i}", 1700000000 + i)
    backup(a)
    with b.program("chatty", owns=NAME):
        told = b.run("restore", "messages", "--from", a.device, expect=3)
        assert results(told) == {"identical": 5, "failed": 15}
        assert all(reason.startswith("Chatty is open") for reason in reasons(told))
        lines = b.run("restore", "messages", "--from", a.device, expect=3, json=False).splitlines()
        assert [line for line in lines if "Chatty is open" in line] == [lines[0]]
        assert ", 14 others of messages (Chatty is open" in lines[0]
        assert lines[1].startswith("0 added, 0 merged, 5 identical, 0 skipped, 15 failed")
    restored(b, a, identical=5, added=15)


def test_a_history_that_is_locked_newer_or_damaged_is_left_alone_with_a_reason(pair):
    a, b = pair
    received(a, "+4915112345678", "Hello", 1700000000)
    received(b, "7535", "only here", 1700000100)
    backup(a), backup(b)
    whole = rows(b)
    with contextlib.closing(sqlite3.connect(history(b), isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        told = b.run("restore", "messages", "--from", a.device, expect=3)
        assert "close Chatty and do it again" in reasons(told)[0]
        assert len(b.run("items", "messages")) == 1, "reading needs no lock"
    with writing(b) as db:
        db.execute("PRAGMA user_version = 5")
    told = b.run("restore", "messages", "--from", a.device, expect=3)
    assert "version 5 of Chatty's history" in reasons(told)[0]
    assert rows(b) == whole and len(b.run("items", "messages")) == 1
    with writing(b) as db:
        db.execute("PRAGMA user_version = 4")
    good = history(b).read_bytes()
    page = phone_apps.select(history(b), "SELECT rootpage FROM sqlite_master WHERE name = 'messages'")[0][0]
    with open(history(b), "r+b") as file:
        file.seek(4096 * (page - 1))
        file.write(b"\xff" * 4096)
    damaged = history(b).read_bytes()
    told = b.run("restore", "messages", "--from", a.device, expect=3)
    assert "a part of the app cannot be read, and it may be there" in reasons(told)[0]
    assert history(b).read_bytes() == damaged
    assert len(b.run("items", "messages", expect=None)) == 1, "what was known of it stays known"
    assert "the database of Chatty" in b.stderr
    history(b).write_bytes(good)
    restored(b, a, added=1)


def put_back(t, saved):
    for name in ("box", ".purple", ".local"):
        shutil.rmtree(t.folder / name, ignore_errors=True)
        if (saved / name).exists():
            shutil.copytree(saved / name, t.folder / name)


def keep(t, saved):
    for name in ("box", ".purple", ".local"):
        if (t.folder / name).exists():
            shutil.copytree(t.folder / name, saved / name)


@pytest.mark.skipif(not faults.LIBRARY.is_file(), reason="no tests/fault/libfault.so: built without -Dtests")
@pytest.mark.parametrize("way", ["kill-before", "kill-after", "eio", "enospc"] if FULL else ["kill-before"])
def test_killed_between_any_two_writes_all_or_nothing_is_there_and_the_next_restore_completes_it(android, tmp_path, way):
    a, t = android(sms("+15555550000", "one", 1373942574000), sms("7535", "two", 1373942575000),
                   mms("+15557778888", 1609470000000, picture(), text("look"), id="m1", addrs=[("+15557778888", 137)]),
                   mms("1~2", 1609470001000, text("group"), picture(phone.jpeg(70_000, 9))))
    received(t, "7535", "mine", 1373942576)
    backup(t)
    keep(t, tmp_path)
    mine = rows(t)

    def run(n):
        fault = faults.Fault(tmp_path, faults.WAYS[way], n, str(t.folder))
        t.run("restore", "messages", "--from", a.device, expect=(0, 1, 3, -9), env=fault.env)
        return fault

    calls = run(10**9).calls()
    assert sorted(r[4] for r in rows(t)) == ["group", "look", "mine", "one", "two"]
    points = range(1, calls + 1) if FULL else sorted(random.Random(SEED).sample(range(1, calls + 1), 5))
    print(f"{way}: {len(points)} of {calls} calls, seed {SEED}")
    for n in points:
        put_back(t, tmp_path)
        fault = run(n)
        assert fault.hits() or not fault.kills, n
        there = rows(t)
        assert there == mine or sorted(r[4] for r in there) == ["group", "look", "mine", "one", "two"], (n, fault.place())
        assert phone_apps.select(history(t), "PRAGMA integrity_check") == [("ok",)]
        if n % 2 and there != mine:  # the Box knows what that restore wrote, though nobody told it
            t.run("undo")
            assert rows(t) == mine, (n, fault.place())
        t.run("restore", "messages", "--from", a.device)
        assert sorted(r[4] for r in rows(t)) == ["group", "look", "mine", "one", "two"], (n, fault.place())
        assert files(t)["look"] == [("image/jpeg", JPEG)] and len(files(t)["group"]) == 1
        assert len(list((t.data / "chatty/mms").glob("*/*"))) == 2, (n, "files that nothing names", fault.place())
        whole = rows(t)
        assert set(results(t.run("restore", "messages", "--from", a.device))) == {"identical"}
        assert rows(t) == whole


def test_chattys_messages_go_out_as_a_file_of_sms_backup_and_restore_and_find_themselves(make_phone, server, tmp_path):
    t = make_phone()
    t.init(server)
    received(t, "+4915112345678", "Hello \U0001F600 & <you>", 1700000060)
    received(t, "+4915112345678", "Answer\nof two lines", 1700000000, -1)
    t.run("import", "messages", _file(tmp_path / "mms.xml", smses(
        mms("+15557778888", 1609470000000, picture(), text("look"), id="m1@example.org", addrs=[("+15557778888", 137)]))))
    told = t.run("export", "messages", "--to", tmp_path / "out.xml")
    assert told["exported"] == 3 and told["format"] == "sms-xml"
    mine, second, first = sms_schema.elements(tmp_path / "out.xml")
    assert (second.get("type"), second.get("body")) == ("2", "Answer\nof two lines")
    assert (first.get("type"), first.get("body")) == ("1", "Hello \U0001F600 & <you>")
    assert [p.get("ct") for p in mine.find("parts")].count("image/jpeg") == 1
    whole = rows(t)
    assert t.run("import", "messages", tmp_path / "out.xml")["written"] == 0 and rows(t) == whole
    again = make_phone()
    again.join(t)
    again.run("import", "messages", tmp_path / "out.xml")
    assert collections.Counter(rows(again)) == collections.Counter(whole)


def _file(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_every_real_message_comes_into_chatty_once_and_out_of_it_again(make_phone, make_terminal, server, tmp_path):
    real = {n.replace("/", "_"): raw for n, raw in corpus.files("messages").items() if n.endswith(".xml")}
    a, t, other = make_terminal(), make_phone(), make_phone()
    a.init(server)
    t.join(a), other.join(a)
    a.app("messages", "sms-xml", real)
    a.run("add", "messages", "--all", expect=None)
    a.run("backup", expect=None)
    told = t.run("restore", "messages", "--from", a.device, expect=None)
    assert set(results(told)) <= {"added", "failed"} and results(told)["added"] > 25, results(told)
    assert set(reasons(told)) <= {"Chatty keeps no message without a number", "Chatty keeps no message without a date",
                                  "Chatty has no place for this kind of message",
                                  "Chatty keeps one draft for each conversation, and has another",
                                  "a part of this message is damaged"}
    there = rows(t)
    again = t.run("restore", "messages", "--from", a.device, expect=None)
    assert results(again) == {"identical": results(told)["added"], "failed": results(told)["failed"]}
    assert rows(t) == there
    visit(t)
    assert rows(t) == there, "Chatty left them as they are"
    # out again, into another Chatty, by a backup and by a file
    backup(t)
    restored(other, t, added=len(there))
    t.run("export", "messages", "--to", tmp_path / "all.xml")
    told = other.run("import", "messages", tmp_path / "all.xml")
    assert results(told) == {"identical": len(there)}


def test_a_history_that_cannot_be_written_is_left_alone_with_a_reason(pair):
    a, b = pair
    received(a, "+4915112345678", "Hello", 1700000000)
    backup(a)
    whole = history(b).read_bytes()
    b.within = mounts.read_only(history(b).parent)
    told = b.run("restore", "messages", "--from", a.device, expect=3)
    assert "the database of Chatty" in reasons(told)[0], told
    b.within = []
    assert history(b).read_bytes() == whole
    restored(b, a, added=1)


OWNER = """
import sys, gi
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
print("ready", flush=True)
sys.stdin.readline()
bus.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
              GLib.Variant("(su)", ("sm.puri.Chatty", 0)), None, 0, -1)
print("owned", flush=True)
sys.stdin.readline()
"""


def test_chatty_that_starts_in_the_middle_finds_its_history_as_it_was(make_phone, server, tmp_path):
    t = make_phone()
    if subprocess.run([desktop.PYTHON, "-c", "import gi"], capture_output=True).returncode:
        pytest.skip("python3-gi is not installed")
    t.init(server)
    received(t, "7535", "mine", 1700000000)
    xml = _file(tmp_path / "many.xml", smses(*[sms("+15555550000", f"message {i}", 1600000000000 + i * 1000)
                                               for i in range(6000)]))
    mine, journal = rows(t), history(t).with_name(history(t).name + "-journal")
    owner = subprocess.Popen([desktop.PYTHON, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                             env=t._environment({}))
    assert owner.stdout.readline() == "ready\n"
    running = t.start("import", "messages", xml)
    wait_until(lambda: journal.exists() or not running.is_alive(), "the transaction")
    owner.stdin.write("\n"), owner.stdin.flush()
    assert owner.stdout.readline() == "owned\n"
    told = running.finish(expect=3)
    assert reasons(told)[0].startswith("Chatty is open") and results(told) == {"failed": 6000}
    assert rows(t) == mine and not journal.exists()
    owner.communicate("\n")
    assert results(t.run("import", "messages", xml)) == {"added": 6000}
