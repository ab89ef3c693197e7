# SPDX-License-Identifier: Apache-2.0
"""Taking it back: undo of a restore, of a single item and of a take; held values and taking them; what
is kept for it, and what the receipts say."""
import shutil
import sqlite3

import pytest

import shapes as s
from phone import card, jpeg, noise
from programs import put, tree

ANNA = card("Anna Undo", uid="anna", tel=["+491701", "+491702"],
            lines=["BDAY:1980-01-01", "EMAIL:anna@example.org"])
BEN = card("Ben Undo", uid="ben", tel="+491703", photo=jpeg(9000))
CLEO = b"BEGIN:VCARD\nVERSION:2.1\nN:Undo;Cleo\nTEL;CELL:+491704\nTEL:+491705\nEND:VCARD\n"
CARDS = {"anna": ANNA, "ben": BEN, "cleo": CLEO}
FILES = {"a.txt": b"text a", "sub/b.bin": noise(50_000), "empty": b""}

UNDO = s.record(restore=s.or_null(s.id32), written=s.count, bytes_received=s.count, requests=s.count,
                items=s.listing(s.record(
                    app=s.app_name, id=s.item_id, name=s.text, reason=s.words,
                    result=s.one_of("identical", "merged", "added", "skipped", "failed"),
                    fields_added=s.listing(s.record(field=s.words, value=s.text)),
                    fields_removed=s.listing(s.record(field=s.words, value=s.text)),
                    fields_held=s.listing(s.record(field=s.words, value=s.text)))))


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal("the phone that undoes")
    t.init(server)
    t.contacts(CARDS)
    t.documents(FILES)
    t.run("add", "contacts", "--all")
    t.run("add", "documents", "--all")
    t.run("backup")
    t.saved = tree(t.phone)
    yield t


@pytest.fixture(autouse=True)
def whole_phone(request, phone):
    """As it was saved, and nothing left of what other stories did."""
    if "held_once" not in request.fixturenames:
        for app in ("contacts", "documents"):
            shutil.rmtree(phone.phone / app, ignore_errors=True)
        put(phone.phone, phone.saved)
        phone.run("purge", "--older-than", "0s")


def path(phone, name):
    return phone.phone / "contacts" / f"{name}.vcf"


def change(phone, name, before, after):
    raw = path(phone, name).read_bytes()
    assert before in raw
    path(phone, name).write_bytes(raw.replace(before, after))


def undo(phone, *args, **how):
    return s.fits(phone.run("undo", *args, **how), UNDO)


def results(told):
    return {(item["app"], item["id"]): item["result"] for item in told["items"]}


def test_restore_and_undo_give_back_every_byte(phone):
    change(phone, "anna", b"TEL;TYPE=CELL:+491702\r\n", b"")
    change(phone, "ben", b"+491703", b"+491799")
    change(phone, "cleo", b"TEL:+491705\n", b"")
    (phone.phone / "documents/a.txt").write_bytes(b"another text")
    (phone.phone / "documents/sub/b.bin").unlink()
    (phone.phone / "documents/empty").unlink()
    before = tree(phone.phone)
    done = phone.run("restore")
    assert done["written"] == 6 and tree(phone.phone) != before
    told = undo(phone)
    assert told["restore"] == done["restore"] and told["written"] == 6
    assert tree(phone.phone) == before
    assert set(results(told).values()) == {"merged"}
    removed = {item["id"]: [(f["field"], f["value"]) for f in item["fields_removed"]]
               for item in told["items"] if item["app"] == "contacts"}
    assert removed["anna"] == [("TEL", "+491702")] and removed["ben"] == [("TEL", "+491703")]


def test_items_that_the_restore_made_go_and_come_again(phone):
    path(phone, "ben").unlink()
    path(phone, "cleo").unlink()
    before = tree(phone.phone)
    assert phone.run("restore", "contacts")["written"] == 2
    restored = tree(phone.phone)
    assert restored.keys() == phone.saved.keys()
    assert undo(phone)["written"] == 2
    assert tree(phone.phone) == before
    assert phone.run("restore", "contacts")["written"] == 2
    assert tree(phone.phone) == restored


def test_what_a_failed_disk_kept_from_the_restore_goes_with_the_undo(phone):
    (phone.phone / "documents/a.txt").unlink()
    before = tree(phone.phone)
    phone.run("restore", "documents")
    put(phone.phone, {"documents/sub/.cloudbox-0123456789abcdef~": b"half"})
    phone.run("undo")
    assert tree(phone.phone) == before


def test_undo_twice_says_so_and_changes_nothing(phone):
    change(phone, "anna", b"TEL;TYPE=CELL:+491702\r\n", b"")
    done = phone.run("restore", "contacts", "anna")
    undo(phone)
    after, kept, receipts = tree(phone.phone), phone.run("originals"), phone.run("receipts")
    again = undo(phone, done["restore"])
    assert again["restore"] == done["restore"] and again["items"] == [] and again["written"] == 0
    assert "undone already" in phone.run("undo", done["restore"][:8], json=False)
    assert "已" in phone.run("undo", done["restore"], json=False, lang="zh_CN")
    newest = undo(phone)  # and there is no other one
    assert newest == {"restore": None, "items": [], "written": 0, "bytes_received": 0, "requests": 0}
    assert "nothing to undo" in phone.run("undo", json=False)
    assert tree(phone.phone) == after
    assert phone.run("originals") == kept and phone.run("receipts") == receipts


def test_later_edits_stay_and_are_told(phone):
    change(phone, "anna", b"TEL;TYPE=CELL:+491702\r\nBDAY:1980-01-01\r\n", b"")
    path(phone, "ben").unlink()
    (phone.phone / "documents/a.txt").unlink()
    phone.run("restore")
    change(phone, "anna", b"+491702", b"+499999")  # what was added is edited, and something new comes
    change(phone, "anna", b"END:VCARD", b"NOTE:new\r\nEND:VCARD")
    change(phone, "ben", b"FN:Ben Undo", b"FN:Benjamin")
    (phone.phone / "documents/a.txt").write_bytes(b"edited")
    told = undo(phone)
    assert results(told) == {("contacts", "anna"): "merged", ("contacts", "ben"): "skipped",
                             ("documents", "a.txt"): "skipped"}
    anna = path(phone, "anna").read_bytes()
    assert b"+499999" in anna and b"NOTE:new" in anna and b"BDAY" not in anna
    assert b"Benjamin" in path(phone, "ben").read_bytes()
    assert (phone.phone / "documents/a.txt").read_bytes() == b"edited"
    by_id = {item["id"]: item for item in told["items"]}
    assert "1 field" in by_id["anna"]["reason"] and "changed since" in by_id["ben"]["reason"]


def test_an_older_restore_is_undone_by_its_id_and_leaves_the_newer_ones(phone):
    change(phone, "anna", b"TEL;TYPE=CELL:+491701\r\nTEL;TYPE=CELL:+491702\r\n", b"")
    first = phone.run("restore", "contacts", "anna", "--field", "TEL=+491701")["restore"]
    second = phone.run("restore", "contacts", "anna", "--field", "TEL=+491702")["restore"]
    assert undo(phone, first[:8])["restore"] == first
    anna = path(phone, "anna").read_bytes()
    assert b"+491701" not in anna and b"+491702" in anna
    assert undo(phone)["restore"] == second
    assert b"+491702" not in path(phone, "anna").read_bytes()


def test_undo_needs_no_passphrase_and_no_server(phone, server):
    change(phone, "anna", b"TEL;TYPE=CELL:+491702\r\n", b"")
    before = tree(phone.phone)
    phone.run("restore", "contacts")
    server.stop()
    try:
        assert undo(phone, env={"CLOUDBOX_PASSPHRASE": "not this one"})["written"] == 1
    finally:
        server.start()
    assert tree(phone.phone) == before


def test_the_undo_is_kept_and_has_a_receipt(phone):
    change(phone, "anna", b"TEL;TYPE=CELL:+491702\r\n", b"")
    path(phone, "ben").unlink()
    done = phone.run("restore", "contacts")["restore"]
    undo(phone)
    kept = [o["id"] for o in phone.run("originals") if o["restore"] == done]
    assert sorted(kept) == ["anna", "anna", "ben", "ben"]
    newest = phone.run("receipts")[:2]
    assert [(r["kind"], r["items"]) for r in newest] == [("undo", 2), ("restore", 2)]
    assert newest[0]["bytes_sent"] == newest[0]["bytes_received"] == 0


def test_what_is_purged_cannot_be_undone_and_is_said_so(phone):
    change(phone, "anna", b"TEL;TYPE=CELL:+491702\r\n", b"")
    done = phone.run("restore", "contacts")["restore"]
    assert phone.run("purge", "--older-than", "0s")["changed"] == 1
    after = tree(phone.phone)
    assert undo(phone)["restore"] is None
    told = phone.error("undo", done)
    assert told["code"] == "not-found" and "kept" in told["message"]
    assert tree(phone.phone) == after


@pytest.mark.parametrize("word", ["", "12", "zzzz", "0123456789abcdef", "-1", "a" * 500])
def test_a_restore_that_is_none_is_an_error(phone, word):
    assert phone.error("undo", "--", word)["code"] == "not-found"


def test_an_app_that_is_gone_fails_by_name_and_the_next_undo_does_the_rest(phone):
    change(phone, "anna", b"TEL;TYPE=CELL:+491702\r\n", b"")
    (phone.phone / "documents/a.txt").unlink()
    before = tree(phone.phone)
    phone.run("restore")
    (phone.phone / "documents").rename(phone.phone / "elsewhere")
    told = undo(phone, expect=3)
    assert results(told) == {("contacts", "anna"): "merged", ("documents", "a.txt"): "failed"}
    assert told["written"] == 1
    (phone.phone / "elsewhere").rename(phone.phone / "documents")
    again = undo(phone)
    assert again["restore"] == told["restore"] and again["written"] == 1
    assert tree(phone.phone) == before
    newest = phone.run("receipts")[0]
    assert newest["kind"] == "undo" and newest["items"] == 2


def test_what_is_kept_is_sealed_and_what_is_purged_is_overwritten(phone):
    """Names lie in the Box openly, values never; a purge leaves no byte of what was sealed."""
    change(phone, "anna", b"EMAIL:anna@example.org", b"EMAIL:quillwort@example.org")
    change(phone, "anna", b"BDAY:1980-01-01", b"BDAY:1977-07-17")
    phone.run("restore", "contacts", "anna")
    phone.run("take", "contacts", "anna", "BDAY")
    undo(phone)
    box = phone.home / "box.db"
    raw = box.read_bytes()
    for value in (b"quillwort", b"1977-07-17", b"1980-01-01", b"anna@example.org"):
        assert value not in raw
    with sqlite3.connect(f"file:{box}?mode=ro", uri=True) as db:
        sealed = [body for body, in db.execute("SELECT body FROM kept WHERE length(body) > 0")]
        lines, = db.execute("SELECT count(*) FROM receipt_items").fetchone()
    db.close()
    assert len(sealed) >= 4 and lines >= 3 and all(body[:40] in raw for body in sealed)
    assert phone.run("purge", "--older-than", "0s")["changed"] >= 4
    raw = box.read_bytes()
    assert not any(body[i:i + 40] in raw for body in sealed for i in range(0, len(body) - 40, 40))
    journal = box.with_name("box.db-journal")
    assert not journal.exists() or journal.stat().st_size == 0
    with sqlite3.connect(f"file:{box}?mode=ro", uri=True) as db:
        assert db.execute("SELECT count(*) FROM receipt_items").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    db.close()
    assert {r["kind"] for r in phone.run("receipts")} >= {"undo", "take", "restore", "backup"}


# Held values, and taking them: the stories below share one restore, and each leaves all of it held.

@pytest.fixture(scope="module")
def held_once(phone):
    """Anna's name and birthday differ from the backup's, and Ben's picture."""
    for app in ("contacts", "documents"):
        shutil.rmtree(phone.phone / app, ignore_errors=True)
    put(phone.phone, phone.saved)
    change(phone, "anna", b"BDAY:1980-01-01", b"BDAY:1981-02-03")
    change(phone, "anna", b"FN:Anna Undo", b"FN:Anna Else")
    path(phone, "ben").write_bytes(card("Ben Undo", uid="ben", tel="+491703", photo=jpeg(9000, 2)))
    phone.run("restore", "contacts")
    return tree(phone.phone)


@pytest.fixture
def held(phone, held_once):
    put(phone.phone, held_once)
    return held_once


def fields(told):
    return {(h["id"], h["field"]) for h in told}


def test_held_shows_both_values(phone, held):
    told = phone.run("held")
    assert fields(told) == {("anna", "FN"), ("anna", "BDAY"), ("ben", "PHOTO")}
    bday = [h for h in told if h["field"] == "BDAY"][0]
    assert bday["here"] == "1981-02-03" and bday["backup"] == "1980-01-01"
    shown = phone.run("held", "contacts", "anna", json=False)
    assert "1981-02-03" in shown and "1980-01-01" in shown and "Ben" not in shown


def test_take_puts_the_backups_value_in_place_and_undo_puts_it_back(phone, held):
    assert phone.run("take", "contacts", "anna", "bday") == {"changed": 1}
    anna = path(phone, "anna").read_bytes()
    assert anna == held["contacts/anna.vcf"].replace(b"1981-02-03", b"1980-01-01")
    assert ("anna", "BDAY") not in fields(phone.run("held"))
    newest = phone.run("receipts")[0]
    assert newest["kind"] == "take" and newest["items"] == 1
    told = undo(phone)
    [item] = told["items"]
    assert item["fields_removed"] == [{"field": "BDAY", "value": "1980-01-01"}]
    assert item["fields_added"] == [{"field": "BDAY", "value": "1981-02-03"}]
    assert tree(phone.phone) == held
    assert ("anna", "BDAY") in fields(phone.run("held"))


def test_a_taken_picture_is_the_backups_to_the_byte(phone, held):
    assert "undo" in phone.run("take", "contacts", "Ben Undo", "PHOTO", json=False)
    assert path(phone, "ben").read_bytes() == BEN
    undo(phone)
    assert tree(phone.phone) == held


def test_undo_of_a_take_leaves_what_was_edited_since(phone, held):
    phone.run("take", "contacts", "anna", "BDAY=1980-01-01")
    taken = path(phone, "anna").read_bytes()
    change(phone, "anna", b"1980-01-01", b"1999-09-09")
    edited = path(phone, "anna").read_bytes()
    told = undo(phone, expect=0)
    assert results(told) == {("contacts", "anna"): "skipped"}
    assert path(phone, "anna").read_bytes() == edited
    assert ("anna", "BDAY") not in fields(phone.run("held"))
    put(phone.phone, held)
    phone.run("restore", "contacts", "anna")  # as it was, so it is held again
    phone.run("take", "contacts", "anna", "BDAY")
    assert path(phone, "anna").read_bytes() == taken
    change(phone, "anna", b"END:VCARD", b"NOTE:new\r\nEND:VCARD")
    undo(phone)
    anna = path(phone, "anna").read_bytes()
    assert anna == held["contacts/anna.vcf"].replace(b"END:VCARD", b"NOTE:new\r\nEND:VCARD")


def test_a_take_that_cannot_be_done_says_what_to_do(phone, held):
    told = phone.error("take", "contacts", "anna", "NOTE")
    assert told["code"] == "not-found" and "cloudbox held contacts" in told["hint"]
    assert phone.error("take", "contacts", "nobody", "BDAY")["code"] == "not-found"
    assert phone.error("take", "nowhere", "anna", "BDAY")["code"] == "not-found"
    assert "字段" in phone.error("take", "contacts", "anna", "NOTE", lang="zh_CN")["message"]
    phone.error("take", "contacts", "anna", expect=2)
    assert phone.error("take", "contacts", "anna", "BDAY=1970-01-01")["code"] == "not-found"
    assert phone.error("take", "contacts", "anna", "BDAY", expect=4,
                       env={"CLOUDBOX_PASSPHRASE": "another passphrase"})["code"] == "locked"
    change(phone, "anna", b"1981-02-03", b"1985-05-05")
    path(phone, "ben").unlink()
    here = tree(phone.phone)
    told = phone.error("take", "contacts", "anna", "BDAY")
    assert told["code"] == "conflict" and "cloudbox restore contacts" in told["hint"]
    told = phone.error("take", "contacts", "ben", "PHOTO")
    assert told["code"] == "not-found" and "cloudbox restore contacts" in told["hint"]
    assert tree(phone.phone) == here


def test_a_value_that_changed_is_seen_anew_after_another_restore(phone, held):
    change(phone, "anna", b"1981-02-03", b"1985-05-05")
    phone.run("restore", "contacts", "anna")
    [bday] = [h for h in phone.run("held", "contacts", "anna") if h["field"] == "BDAY"]
    assert bday["here"] == "1985-05-05"
    phone.run("take", "contacts", "anna", "BDAY")
    assert b"1980-01-01" in path(phone, "anna").read_bytes()
    assert ("anna", "BDAY") not in fields(phone.run("held"))
