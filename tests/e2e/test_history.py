# SPDX-License-Identifier: Apache-2.0
"""An item's history, compared field by field; and one field of an old version taken back, added or, where
one value only has room, taken."""
import pytest

import shapes as s
from phone import card, jpeg
from programs import tree

V1 = card("Zoë Diff", uid="zoe", tel=["+491701", "+491702"], lines=["TITLE:Cook", "BDAY:1980-01-01"])
V2 = card("Zoë Diff", uid="zoe", tel=["+491701", "+491703"], lines=["BDAY:1980-01-01", "NOTE:one"],
          photo=jpeg(5000))
V3 = card("Zoë Diff", uid="zoe", tel=["+491701", "+491704", "+491705"], lines=["BDAY:1985-05-05"],
          photo=jpeg(5000))

DIFF = s.listing(s.record(version=s.or_null(s.count), saved_at=s.or_null(s.time), size=s.count,
                          device=s.id32, against=s.or_null(s.count),
                          fields_changed=s.listing(s.record(
                              field=s.words, value=s.text, was=s.text,
                              change=s.one_of("added", "removed", "changed")))))


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal("the phone with a history")
    t.init(server)
    t.contacts({"zoe": V1})
    t.documents({"a.txt": b"one"})
    t.run("add", "contacts", "--all")
    t.run("add", "documents", "--all")
    t.run("backup")
    for raw, text in ((V2, b"two two"), (V3, b"three")):
        (t.phone / "contacts/zoe.vcf").write_bytes(raw)
        (t.phone / "documents/a.txt").write_bytes(text)
        t.run("backup")
    return t


def diff(phone, *args):
    [told] = s.fits(phone.run("history", *args), DIFF)
    return told, {(f["change"], f["field"], f["was"], f["value"]) for f in told["fields_changed"]}


def test_a_version_is_compared_with_the_one_before_it(phone):
    told, changed = diff(phone, "contacts", "zoe", "--diff", "2")
    assert told["version"] == 2 and told["against"] == 1 and told["size"] == len(V2)
    photo = [c for c in changed if c[1] == "PHOTO"]
    assert len(photo) == 1 and photo[0][0] == "added"
    assert changed - set(photo) == {("changed", "TEL", "+491702", "+491703"),
                                    ("removed", "TITLE", "Cook", ""), ("added", "NOTE", "", "one")}
    _, changed = diff(phone, "contacts", "zoe", "--diff=3")
    assert changed == {("removed", "TEL", "+491703", ""), ("added", "TEL", "", "+491704"),
                       ("added", "TEL", "", "+491705"), ("removed", "NOTE", "one", ""),
                       ("changed", "BDAY", "1980-01-01", "1985-05-05")}


def test_the_first_version_is_all_new(phone):
    told, changed = diff(phone, "contacts", "zoe", "--diff", "1")
    assert told["against"] is None
    assert {c[0] for c in changed} == {"added"} and ("added", "TITLE", "", "Cook") in changed


def test_what_is_here_is_compared_with_the_newest_version(phone):
    told, changed = diff(phone, "contacts", "zoe", "--diff")
    assert told["version"] is None and told["against"] == 3 and changed == set()
    path = phone.phone / "contacts/zoe.vcf"
    path.write_bytes(V3.replace(b"+491705", b"+491706"))
    try:
        _, changed = diff(phone, "--diff", "contacts", "Zoë Diff")
        assert changed == {("changed", "TEL", "+491705", "+491706")}
        path.unlink()
        _, changed = diff(phone, "contacts", "zoe", "--diff")
        assert {c[0] for c in changed} == {"removed"} and len(changed) >= 5
    finally:
        path.write_bytes(V3)


def test_a_file_has_one_field(phone):
    _, changed = diff(phone, "documents", "a.txt", "--diff", "2")
    assert changed == {("changed", "content", "3 bytes", "7 bytes")}
    assert diff(phone, "documents", "a.txt", "--diff")[1] == set()
    (phone.phone / "documents/a.txt").write_bytes(b"THREE")
    assert diff(phone, "documents", "a.txt", "--diff")[1] == {("changed", "content", "5 bytes", "5 bytes")}
    (phone.phone / "documents/a.txt").write_bytes(b"three")


def test_people_read_it_in_both_languages(phone):
    shown = phone.run("history", "contacts", "zoe", "--diff", "3", json=False)
    assert "Zoë Diff" in shown and "- TEL  +491703" in shown and "+ TEL  +491704" in shown
    assert "~ BDAY  1980-01-01 → 1985-05-05" in shown and "version 3" in shown
    assert "版本" in phone.run("history", "contacts", "zoe", "--diff", json=False, lang="zh_CN")


def test_versions_that_are_none_are_errors(phone):
    told = phone.error("history", "contacts", "zoe", "--diff", "9")
    assert told["code"] == "not-found" and "cloudbox history contacts" in told["hint"]
    phone.error("history", "contacts", "zoe", "--diff", "0", expect=2)
    phone.error("history", "contacts", "zoe", "--diff=x", expect=2)
    phone.error("history", "contacts", "nobody", "--diff", "1")


def test_one_field_of_an_old_version_comes_back_added_or_taken(phone):
    """The person, the number they had, the birthday as it was."""
    before = tree(phone.phone)
    path = phone.phone / "contacts/zoe.vcf"
    told = phone.run("restore", "contacts", "zoe", "--version", "1", "--field", "TEL")
    [item] = told["items"]
    assert [(f["field"], f["value"]) for f in item["fields_added"]] == [("TEL", "+491702")]
    assert path.read_bytes() == V3.replace(b"END:VCARD", b"TEL;TYPE=CELL:+491702\r\nEND:VCARD")
    told = phone.run("restore", "contacts", "zoe", "--version", "1", "--field", "BDAY")
    [item] = told["items"]
    assert item["fields_held"] == [{"field": "BDAY", "value": "1980-01-01"}] and told["written"] == 0
    assert [(h["field"], h["here"], h["backup"]) for h in phone.run("held", "contacts", "zoe")] == \
        [("BDAY", "1985-05-05", "1980-01-01")]
    phone.run("take", "contacts", "zoe", "BDAY")
    assert b"BDAY:1980-01-01" in path.read_bytes() and b"1985" not in path.read_bytes()
    assert phone.run("held", "contacts", "zoe") == []
    phone.run("undo")  # the take
    phone.run("undo")  # the number
    assert tree(phone.phone) == before
