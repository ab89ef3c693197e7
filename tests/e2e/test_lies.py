# SPDX-License-Identifier: Apache-2.0
"""A server that lies on purpose: wraps, key derivation, account log, old versions, old states (P24).

The liar has the server's disk and its programs; what it cannot have are the account's keys.
"""
import shutil
import sqlite3

import pytest

from phone import card
from programs import named, tree


@pytest.fixture
def world(make_server, make_terminal):
    """A server of its own, a terminal with two saved versions of a contact, a second account."""
    server = make_server()
    phone, other = make_terminal("phone"), make_terminal("other")
    phone.init(server)
    other.init(server)
    phone.folder_ = phone.contacts({"a": card("A", uid="a", tel="+491"), "b": card("B", uid="b")})
    phone.run("add", "contacts", "--all")
    phone.run("backup")
    (phone.folder_ / "a.vcf").write_bytes(card("A", uid="a", tel="+492"))
    phone.run("backup")
    return server, phone, other


def lie(server, *statements):
    """Change the database while the server is down."""
    server.stop()
    with sqlite3.connect(server.data / "cloudbox.db") as db:
        for sql, *values in statements:
            changed = db.execute(sql, values).rowcount
            assert changed > 0, sql
    db.close()
    server.start()


def ask(server, sql, *values):
    with sqlite3.connect(f"file:{server.data}/cloudbox.db?mode=ro", uri=True) as db:
        return db.execute(sql, values).fetchall()


def replaced(raw, at, new):
    return raw[:at] + new + raw[at + len(new):]


def passphrase_wrap(server, t):
    return ask(server, "SELECT passphrase FROM wraps WHERE account = ?", bytes.fromhex(t.account))[0][0]


def put_wrap(server, t, wrap):
    lie(server, ("UPDATE wraps SET passphrase = ? WHERE account = ?", wrap, bytes.fromhex(t.account)))


def refuses(t, *codes):
    """It cannot be unlocked, and says why; nothing on the phone changes."""
    before = tree(t.phone)
    for command in (("cloud",), ("restore",)):
        told = t.run(*command, expect=(1, 4))
        assert told["error"]["code"] in codes, told
        assert told["error"]["message"]
    assert tree(t.phone) == before


def test_a_foreign_wrap_opens_nothing(world):
    server, phone, other = world
    put_wrap(server, phone, passphrase_wrap(server, other))
    refuses(phone, "not-authentic", "alarm", "locked", "limit", "format")


@pytest.mark.parametrize("at", [2, 6, 12, 30, 40, 80, 150])
def test_a_changed_wrap_opens_nothing(world, at):
    server, phone, other = world
    wrap = passphrase_wrap(server, phone)
    put_wrap(server, phone, replaced(wrap, at, bytes([wrap[at] ^ 1])))
    refuses(phone, "not-authentic", "alarm", "locked", "limit", "format")


@pytest.mark.parametrize("kib,passes", [(8, 1), (65535, 3), (65536, 2), (0xffffffff, 3), (65536, 0xffffffff)])
def test_a_lowered_or_absurd_key_derivation_is_refused_before_it_begins(world, kib, passes):
    """An answer to a weak question would be worth guessing at."""
    server, phone, other = world
    wrap = passphrase_wrap(server, phone)
    put_wrap(server, phone, replaced(wrap, 2, kib.to_bytes(4, "little") + passes.to_bytes(4, "little")))
    refuses(phone, "not-authentic", "alarm", "limit")


def test_a_shortened_account_log_is_an_alarm(world, make_terminal):
    server, phone, other = world
    second = make_terminal()
    second.join(phone)
    account = bytes.fromhex(phone.account)
    [(length, head)] = ask(server, "SELECT idx, hash FROM log WHERE account = ? ORDER BY idx DESC LIMIT 1 "
                                   "OFFSET 1", account)
    phone.run("cloud")  # it has seen the second one join
    lie(server, ("DELETE FROM log WHERE account = ? AND idx > ?", account, length),
        ("UPDATE accounts SET log_length = ?, log_head = ? WHERE account = ?", length + 1, head, account))
    refuses(phone, "alarm", "not-authentic")
    (phone.folder_ / "b.vcf").write_bytes(card("B", uid="b", tel="+4977"))
    assert phone.error("backup")["code"] == "alarm"


def test_a_device_that_is_left_out_is_an_alarm_to_whoever_joins(world, make_terminal):
    """Its head would tell which account log it knows."""
    server, phone, other = world
    second = make_terminal()
    second.join(phone)
    lie(server, ("DELETE FROM devices WHERE device = ?", bytes.fromhex(second.device)))
    third = make_terminal()
    third.passphrase = phone.passphrase
    told = third.error("join", phone.server, "--account", phone.account)
    assert told["code"] == "alarm" and second.device[:8] in told["message"]
    assert third.run("status", expect=1)  # it joined nothing


def test_the_date_that_a_blank_terminal_shows_is_the_signed_one(world, make_terminal):
    """An old state can only be known by its date."""
    server, phone, other = world

    def joined():
        return [d for d in make_terminal().join(phone)["newest"] if d["device"] == phone.device][0]

    true = joined()
    assert true["date"] and true["items"] == 2
    lie(server, ("UPDATE devices SET client_at = client_at + 864000000 WHERE device = ?",
                 bytes.fromhex(phone.device)))
    assert joined() == true


def test_a_person_is_asked_before_a_blank_terminal_joins(world, make_terminal):
    server, phone, other = world
    words = phone.run("status")["head_words"]
    t = make_terminal()
    t.passphrase = phone.passphrase
    entries = "SELECT count(*) FROM log"
    before = ask(server, entries)
    text = t.typed("join", phone.server, "--account", phone.account, expect=1,
                   answers=[(r"as far as you know\? \[y/N\]", "n")])
    assert words in text and ask(server, entries) == before
    assert t.run("status", expect=1)  # it joined nothing
    t.typed("join", phone.server, "--account", phone.account,
            answers=[(r"as far as you know\? \[y/N\]", "y")])
    assert t.run("status")["account"] == phone.account


def test_another_batch_of_the_same_number_is_an_alarm(world):
    """The terminal knows the head of what was acknowledged; here that is what lies."""
    server, phone, other = world
    assert len(phone.run("cloud")) == 2 and not phone.stderr.strip()
    with sqlite3.connect(phone.home / "box.db") as db:
        assert db.execute("UPDATE identity SET acked_head = zeroblob(32)").rowcount == 1
    db.close()
    assert len(phone.run("cloud")) == 2  # what authenticates is shown all the same
    assert "another batch 2" in phone.stderr


def test_a_changed_log_entry_is_refused(world, make_terminal):
    server, phone, other = world
    account = bytes.fromhex(phone.account)
    for index, at in ((0, 5), (0, 100), (1, 5), (1, 90), (1, -1)):
        [(entry,)] = ask(server, "SELECT entry FROM log WHERE account = ? AND idx = ?", account, index)
        at %= len(entry)
        changed = replaced(entry, at, bytes([entry[at] ^ 1]))
        lie(server, ("UPDATE log SET entry = ? WHERE account = ? AND idx = ?", changed, account, index))
        blank = make_terminal()
        blank.passphrase = phone.passphrase
        told = blank.run("join", phone.server, "--account", phone.account, expect=(1, 4))
        assert told["error"]["code"] in ("not-authentic", "alarm", "format", "unsupported"), told
        assert blank.run("status", expect=1)  # it joined nothing
        lie(server, ("UPDATE log SET entry = ? WHERE account = ? AND idx = ?", entry, account, index))
    assert len(phone.run("cloud")) == 2


def test_an_unknown_kind_of_log_entry_is_refused_by_name(world, make_terminal):
    """It cannot be signed by the liar; but the sentence names what was not understood, or the forgery."""
    server, phone, other = world
    account = bytes.fromhex(phone.account)
    [(entry,)] = ask(server, "SELECT entry FROM log WHERE account = ? AND idx = 1", account)
    lie(server, ("UPDATE log SET entry = ? WHERE account = ? AND idx = 1", replaced(entry, 5, b"\x63"), account))
    blank = make_terminal()
    blank.passphrase = phone.passphrase
    told = blank.run("join", phone.server, "--account", phone.account, expect=1)
    assert "99" in told["error"]["message"] or told["error"]["code"] in ("not-authentic", "alarm"), told


def test_an_old_version_in_the_place_of_the_newest_is_noticed(world, make_terminal):
    server, phone, other = world
    [(device,)] = ask(server, "SELECT row FROM devices WHERE device = ?", bytes.fromhex(phone.device))
    [(folder, item)] = ask(server, "SELECT folder, item FROM records WHERE version = 2 AND folder IN "
                                   "(SELECT row FROM folders WHERE device = ?) AND item IN (SELECT item "
                                   "FROM records WHERE version = 1 AND bytes > 0) ORDER BY id LIMIT 1",
                           device)
    [(seq, id, leaf, bytes_)] = ask(server, "SELECT seq, id, leaf, bytes FROM records WHERE folder = ? "
                                            "AND item = ? AND version = 1", folder, item)
    lie(server, ("UPDATE items SET seq = ?, idx = ?, leaf = ?, bytes = ? WHERE item = ?",
                 seq, id % 16384, leaf, bytes_, item))
    for t in (phone, blank(phone, make_terminal)):
        told = t.run("cloud", "--from", phone.device, expect=(0, 1))
        assert "error" in told or t.stderr.strip(), "an old state is shown, and nobody says so"


def blank(phone, make_terminal):
    t = make_terminal()
    t.join(phone)
    return t


def test_an_old_state_of_the_whole_server_is_an_alarm_to_whoever_knows_better(world, tmp_path):
    server, phone, other = world
    server.stop()
    shutil.copytree(server.data, tmp_path / "old")
    server.start()
    (phone.folder_ / "b.vcf").write_bytes(card("B", uid="b", tel="+4977"))
    phone.run("backup")
    server.stop()
    shutil.rmtree(server.data)
    shutil.copytree(tmp_path / "old", server.data)
    server.start()
    told = phone.run("cloud", expect=(0, 1))
    assert "error" in told or phone.stderr.strip()
    checked = phone.run("backup", "--check", expect=(1, 2))
    assert checked["error"]["code"] in ("alarm", "usage")


def test_a_foreign_device_in_the_database_gets_nothing(world, make_terminal):
    """A row that no log entry names: the server may believe it, no terminal does."""
    server, phone, other = world
    lie(server, ("UPDATE devices SET account = ? WHERE device = ?", bytes.fromhex(phone.account),
                 bytes.fromhex(other.device)))
    assert other.device not in [d["id"] for d in phone.run("devices")]
    told = phone.run("cloud", "--from", other.device, expect=1)
    assert told["error"]["code"] == "not-found"
    assert named(phone.run("cloud")) == ["A", "B"]
