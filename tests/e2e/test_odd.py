# SPDX-License-Identifier: Apache-2.0
"""Odd moments: stopped by the keyboard, the same size and time with other bytes, cards without ids."""
import os
import signal
import subprocess

import pytest

from phone import card, noise
from programs import named, tree, wait_until


@pytest.fixture
def phone(make_terminal, relayed):
    t = make_terminal()
    t.init(relayed[0])
    relayed[1].let_go()
    return t


def test_a_backup_interrupted_at_the_keyboard_ends_at_once_and_goes_on_later(phone, relayed):
    _, relay = relayed
    phone.documents({"a": noise(400_000), "b": b"b"})
    phone.run("add", "documents", "--all")
    relay.hold("up", 100_000)
    running = phone.start("backup")
    relay.wait_reached(running)
    os.kill(running.pid, signal.SIGINT)
    wait_until(lambda: not running.is_alive(), "it ends though nothing moves", patience=20)
    relay.let_go(break_off=True)
    told = running.finish(expect=1)
    assert told["error"]["code"] == "cancelled"
    phone.run("backup")
    assert {i["versions"] for i in phone.run("cloud")} == {1}


def test_a_server_asked_to_go_during_an_upload_goes(make_relayed, make_terminal):
    server, relay = make_relayed()
    t = make_terminal()
    t.init(server)
    t.documents({"a": noise(400_000)})
    t.run("add", "documents", "--all")
    relay.hold("up", 100_000)
    running = t.start("backup")
    relay.wait_reached(running)
    server.stop()
    server.start()
    relay.let_go(break_off=True)
    running.finish()
    assert named(t.run("cloud")) == ["a"]


def test_other_bytes_of_the_same_size_and_time_are_noticed(phone):
    folder = phone.documents({"a": b"first bytes"})
    phone.run("add", "documents", "a")
    phone.run("backup")
    before = (folder / "a").stat()
    with open(folder / "a", "r+b") as file:
        file.write(b"other bytes")
    os.utime(folder / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert named(phone.run("backup")["uploaded"]) == ["a"]
    phone.run("history", "documents", "a")
    (folder / "a").unlink()
    phone.run("restore")
    assert (folder / "a").read_bytes() == b"other bytes"


def test_a_file_replaced_by_a_rename_is_noticed(phone):
    folder = phone.documents({"a": b"first bytes"})
    phone.run("add", "documents", "a")
    phone.run("backup")
    (folder / "new").write_bytes(b"other bytes")
    os.rename(folder / "new", folder / "a")
    assert named(phone.run("backup")["uploaded"]) == ["a"]


def test_a_card_without_an_id_in_one_file_stays_the_same_item_when_it_changes(phone):
    book = phone.phone / "book.vcf"
    cards = [card(f"No Id {i}", tel=f"+49{i:06}") for i in range(6)]
    book.write_bytes(b"".join(cards))
    phone.run("apps", "add", "contacts", "--adapter", "vcard", "--path", book)
    phone.run("add", "contacts", "--all")
    phone.run("backup")
    changed = cards[3].replace(b"+49000003", b"+491111111")
    book.write_bytes(b"".join([*cards[:3], changed, cards[5], cards[4]]))
    told = phone.run("backup")
    assert told["missing"] == [] and named(told["uploaded"]) == ["No Id 3"]
    history = phone.run("history", "contacts", "No Id 3")
    assert [v["version"] for v in history] == [2, 1]
    book.write_bytes(b"")
    phone.run("restore")
    assert [book.read_bytes().count(b"FN:No Id %d\r" % i) for i in range(6)] == [1] * 6
    assert phone.run("restore")["written"] == 0


def test_two_cards_with_one_id_are_two_items(phone):
    folder = phone.contacts({"a": card("One", uid="same", tel="+491"), "b": card("Two", uid="same", tel="+492")})
    phone.run("add", "contacts", "--all")
    assert {s["id"] for s in phone.run("box", "contacts")} == {"same", "same#2"}
    phone.run("backup")
    saved = tree(folder)
    for path in folder.iterdir():
        path.unlink()
    assert phone.run("restore")["written"] == 2
    assert phone.run("restore")["written"] == 0
    assert set(tree(folder)) == set(saved)


def test_a_passphrase_typed_in_another_unicode_form_is_the_same(make_terminal, relayed):
    t = make_terminal()
    t.passphrase = "zo\u00eb isst \u00e4pfel in k\u00f6ln"
    t.init(relayed[0])
    t.passphrase = "zoe\u0308 isst a\u0308pfel\u00a0in ko\u0308ln"
    assert t.run("cloud") == []


def test_one_field_alone_can_be_taken_back(phone):
    folder = phone.contacts({"a": card("A", uid="a", tel=["+491", "+492"], lines=["TITLE:Boss"])})
    phone.run("add", "contacts", "a")
    phone.run("backup")
    (folder / "a.vcf").write_bytes(card("A", uid="a"))
    phone.run("restore", "contacts", "a", "--field", "TEL=+492")
    assert tree(folder)["a.vcf"] == card("A", uid="a").replace(b"END:", b"TEL;TYPE=CELL:+492\r\nEND:")
    phone.run("restore", "contacts", "a", "--field", "TITLE")
    assert b"TITLE:Boss" in tree(folder)["a.vcf"] and b"+491" not in tree(folder)["a.vcf"]


def test_the_book_that_is_gone_is_said_so_or_made_anew(phone):
    book = phone.phone / "book.vcf"
    book.write_bytes(card("A", uid="a", tel="+491"))
    phone.run("apps", "add", "contacts", "--adapter", "vcard", "--path", book)
    phone.run("add", "contacts", "--all")
    phone.run("backup")
    book.unlink()
    told = phone.run("restore", expect=None)
    assert (told["written"] == 1 and book.read_bytes() == card("A", uid="a", tel="+491")) or \
        all(i["reason"] and i["result"] in ("failed", "skipped") for i in told["items"])


def test_one_folder_can_be_two_apps(phone):
    folder = phone.documents({"a.vcf": card("A", uid="a"), "b.txt": b"b"})
    phone.run("apps", "add", "contacts", "--adapter", "vcard", "--path", folder)
    phone.run("add", "contacts", "--all")
    phone.run("add", "documents", "--all")
    assert len(phone.run("backup")["uploaded"]) == 3
    assert {(i["app"], i["name"]) for i in phone.run("cloud")} == \
        {("contacts", "A"), ("documents", "a.vcf"), ("documents", "b.txt")}


def test_output_that_nobody_reads_is_no_crash(phone):
    phone.contacts({f"{i}": card(f"N{i}", uid=f"{i}") for i in range(500)})
    command = phone._command(["items", "contacts"], False)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=phone._environment({})) as reader:
        reader.stdout.close()
        reader.stderr.read()
    assert reader.returncode in (0, 1)
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True,
                              env=phone._environment({}))
    assert done.returncode == 1 and "written" in done.stderr
