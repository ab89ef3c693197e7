# SPDX-License-Identifier: Apache-2.0
"""Both sides changed: the terminal's stays, the backup's comes, nothing is replaced (MERGE.md)."""
import pytest

from phone import card, jpeg, properties
from programs import tree


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal()
    t.init(server)
    t.contacts({})
    return t


@pytest.fixture
def merged(phone):
    """Save one set of files, put another in its place, restore; what the restore said."""
    folder = phone.phone / "contacts"

    def merge(saved, here):
        write(folder, saved)
        phone.run("add", "contacts", "--all", "--yes")
        phone.run("backup")
        write(folder, here)
        told = phone.run("restore", "contacts", *[name for name in ids(saved)])
        again = phone.run("restore", "contacts", *[name for name in ids(saved)])
        assert again["written"] == 0, "the second restore wrote"
        assert {i["result"] for i in again["items"]} <= {"identical", "merged"}
        assert not any(i["fields_added"] for i in again["items"])
        return told, tree(folder)

    yield merge
    phone.run("remove", "contacts", "--all")
    phone.run("forget", "contacts", "--all")
    write(folder, {})


def write(folder, files):
    for path in folder.iterdir():
        path.unlink()
    for name, raw in files.items():
        (folder / name).write_bytes(raw)


def ids(files):
    return sorted({line[4:].decode() for raw in files.values() for line in raw.split(b"\r\n")
                   if line.startswith(b"UID:")})


def fields(item, which):
    return [(f["field"], f["value"]) for f in item[which]]


def test_the_terminals_stays_the_backups_comes_and_one_value_is_held(merged, phone):
    saved = card("Anna Schmidt", uid="anna", tel=["+491701", "+491702"],
                 lines=["EMAIL:anna@example.org", "BDAY:19800101", "NOTE:from the backup",
                        "X-PET:cat"])
    here = (b"begin:vcard\r\nVERSION:3.0\r\nUID:anna\r\nFN:Anna Schmidt\r\nN:Anna Schmidt;;;;\r\n"
            b"tel;type=home:+49 1701\r\nTEL:+491709\r\nBDAY:1980-02-02\r\n"
            b"NOTE:from \r\n  here\r\nend:vcard\r\n")
    told, files = merged({"a.vcf": saved}, {"a.vcf": here})
    [item] = told["items"]
    assert item["result"] == "merged" and told["written"] == 1
    assert fields(item, "fields_added") == [
        ("TEL", "+491702"), ("EMAIL", "anna@example.org"), ("NOTE", "from the backup"),
        ("X-PET", "cat")]
    assert fields(item, "fields_held") == [("BDAY", "19800101")]
    assert files["a.vcf"] == here[:-len(b"end:vcard\r\n")] + (
        b"TEL;TYPE=CELL:+491702\r\nEMAIL:anna@example.org\r\nNOTE:from the backup\r\nX-PET:cat\r\n"
        b"end:vcard\r\n")
    held = phone.run("held", "contacts")
    assert [(h["id"], h["field"], h["here"], h["backup"]) for h in held if h["id"] == "anna"] == \
        [("anna", "BDAY", "1980-02-02", "19800101")]


def test_one_number_in_two_spellings_is_identical(merged):
    told, files = merged(
        {"a.vcf": card("Ben", uid="ben", tel="+14155551212")},
        {"a.vcf": card("Ben", uid="ben", tel="+1 (415) 555-1212")})
    assert [i["result"] for i in told["items"]] == ["identical"] and told["written"] == 0


def test_nfc_and_nfd_are_one_name(merged):
    told, files = merged({"a.vcf": card("Jose\u0301", uid="jose", tel="+491")},
                         {"a.vcf": card("Jos\u00e9", uid="jose", tel="+491")})
    assert told["written"] == 0


def test_another_name_is_held(merged):
    told, files = merged({"a.vcf": card("Anna Schmidt", uid="x", tel="+49170123")},
                         {"a.vcf": card("Anna Meier", uid="x", tel="+49170123")})
    assert told["written"] == 0
    assert {f for f, _ in fields(told["items"][0], "fields_held")} == {"FN", "N"}


def test_an_id_that_was_used_again_is_a_new_contact(merged):
    old, new = card("Old Person", uid="used", tel="+491111"), card("New Person", uid="used", tel="+492222")
    told, files = merged({"a.vcf": old}, {"a.vcf": new})
    assert [i["result"] for i in told["items"]] == ["added"]
    assert files["a.vcf"] == new and len(files) == 2
    other = [raw for name, raw in files.items() if name != "a.vcf"][0]
    assert b"X-CLOUDBOX-UID:used\r\n" in other and b"UID:urn:uuid:" in other
    assert set(properties(old)) - {b"UID:used"} <= set(properties(other))


def test_without_an_id_name_and_number_tell(merged, phone):
    told, files = merged(
        {"a.vcf": card("Carla", uid="c1", tel=["+491", "+492"])},
        {"z.vcf": card("Carla", tel=["+491"])})
    [item] = told["items"]
    assert item["result"] == "merged" and fields(item, "fields_added") == [("TEL", "+492")]
    assert list(files) == ["z.vcf"]
    assert "same name" in item["reason"]


def test_a_name_alone_is_not_enough(merged):
    told, files = merged({"a.vcf": card("Dora", uid="d1", tel="+491")},
                         {"z.vcf": card("Dora", tel="+492")})
    assert [i["result"] for i in told["items"]] == ["added"] and len(files) == 2


def test_father_and_son_are_told_apart_by_the_number(merged):
    father, son = card("Hans Müller", tel="+4930111"), card("Hans Müller", tel="+4930222")
    told, files = merged(
        {"a.vcf": card("Hans Müller", uid="m", tel=["+4930222", "+4930333"])},
        {"f.vcf": father, "s.vcf": son})
    assert files["f.vcf"] == father and b"+4930333" in files["s.vcf"] and len(files) == 2


def test_other_photos_are_held_and_the_same_photo_in_another_folding_is_identical(merged):
    mine, theirs = jpeg(5000, 1), jpeg(5000, 2)
    told, files = merged({"a.vcf": card("Eva", uid="e", tel="+491", photo=theirs)},
                         {"a.vcf": card("Eva", uid="e", tel="+491", photo=mine)})
    assert told["written"] == 0
    assert [f for f, _ in fields(told["items"][0], "fields_held")] == ["PHOTO"]
    same = card("Eva", uid="e", tel="+491", photo=mine)
    refolded = same.replace(b"\r\n ", b"").replace(b"PHOTO;ENCODING=b;TYPE=JPEG:",
                                                   b"PHOTO;TYPE=JPEG;ENCODING=B:\r\n ")
    told, files = merged({"a.vcf": same}, {"a.vcf": refolded})
    assert told["written"] == 0 and told["items"][0]["result"] == "identical"
    assert files["a.vcf"] == refolded


def test_a_lost_photo_comes_back_to_the_byte(merged):
    whole = card("Finn", uid="f", tel="+491", photo=jpeg(40_000))
    told, files = merged({"a.vcf": whole}, {"a.vcf": card("Finn", uid="f", tel="+491")})
    assert files["a.vcf"] == whole  # the photo was last, and is again


def test_groups_stay_together(merged):
    saved = (b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:g\r\nFN:Gil\r\nTEL:+491\r\n"
             b"item1.URL:http://shop.example\r\nitem1.X-ABLabel:Shop\r\nEND:VCARD\r\n")
    here = (b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:g\r\nFN:Gil\r\n"
            b"item1.TEL:+491\r\nitem1.X-ABLabel:Boat\r\nEND:VCARD\r\n")
    told, files = merged({"a.vcf": saved}, {"a.vcf": here})
    lines = files["a.vcf"].split(b"\r\n")
    assert lines[:6] == here.split(b"\r\n")[:6]
    group = [line.split(b".")[0] for line in lines if line.endswith(b"URL:http://shop.example")][0]
    assert group not in (b"item1", b"") and group + b".X-ABLabel:Shop" in lines


def test_an_empty_field_is_never_written(merged):
    told, files = merged(
        {"a.vcf": card("Ida", uid="i", tel="+491", lines=["EMAIL:", "ADR:;;;;;;", "TITLE:Boss"])},
        {"a.vcf": card("Ida", uid="i", tel="+491")})
    assert fields(told["items"][0], "fields_added") == [("TITLE", "Boss")]
    assert b"EMAIL" not in files["a.vcf"] and b"ADR" not in files["a.vcf"]


def test_a_number_twice_in_the_backup_comes_once_and_twice_here_stays_twice(merged):
    told, files = merged({"a.vcf": card("Jan", uid="j", tel=["+491", "+492", "+4 9 2"])},
                         {"a.vcf": card("Jan", uid="j", tel=["+491", "+491"])})
    assert files["a.vcf"].count(b"+492") == 1 and files["a.vcf"].count(b"+491\r\n") == 2


def test_a_backup_in_vcard_4_is_written_in_the_terminals_version(merged):
    told, files = merged(
        {"a.vcf": card("Kai", uid="k", tel="+491", lines=["EMAIL;PREF=1:k@example.org"],
                       version="4.0")},
        {"a.vcf": card("Kai", uid="k", tel="+491", version="3.0")})
    assert b"VERSION:3.0" in files["a.vcf"] and b"k@example.org" in files["a.vcf"]
    assert files["a.vcf"].count(b"VERSION") == 1


def test_line_ends_of_the_terminals_file_are_kept(merged):
    here = card("Lea", uid="l", tel="+491").replace(b"\r\n", b"\n")
    told, files = merged({"a.vcf": card("Lea", uid="l", tel=["+491", "+492"])}, {"a.vcf": here})
    assert b"\r" not in files["a.vcf"] and b"+492\n" in files["a.vcf"]


# One file with many cards

CARDS = [card(f"Person {i}", uid=f"many-{i}", tel=f"+49{i:04}", lines=[f"X-ODD;a=\"b;c\":{i}"])
         for i in range(30)]


@pytest.fixture(scope="module")
def book(make_terminal, server):
    """A terminal whose contacts are one file."""
    t = make_terminal()
    t.init(server)
    t.book = t.phone / "contacts.vcf"
    t.book.write_bytes(b"".join(CARDS))
    t.book.chmod(0o640)
    t.run("apps", "add", "contacts", "--adapter", "vcard", "--path", t.book)
    t.run("add", "contacts", "--all")
    t.run("backup")
    return t


def test_in_a_file_of_many_cards_only_the_merged_card_changes(book):
    lost = CARDS[7].replace(b"TEL;TYPE=CELL:+490007\r\n", b"")
    odd = CARDS[8].replace(b"END:VCARD\r\n", b"X-LOCAL:stays\r\nEND:VCARD\r\n")
    book.book.write_bytes(b"".join([*CARDS[:7], lost, odd, *CARDS[9:]]))
    told = book.run("restore")
    assert told["written"] == 1
    assert [i["id"] for i in told["items"] if i["result"] == "merged"] == ["many-7"]
    back = lost.replace(b"END:VCARD\r\n", b"TEL;TYPE=CELL:+490007\r\nEND:VCARD\r\n")
    assert book.book.read_bytes() == b"".join([*CARDS[:7], back, odd, *CARDS[9:]])
    assert book.book.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in book.phone.iterdir()] == ["contacts.vcf"]  # no leftover beside it


def test_lost_cards_are_put_into_the_file_again(book):
    book.book.write_bytes(b"".join(CARDS[:10]))
    told = book.run("restore")
    assert told["written"] == 20
    raw = book.book.read_bytes()
    assert raw.startswith(b"".join(CARDS[:10]))
    assert sorted(raw.split(b"BEGIN:VCARD")) == sorted(b"".join(CARDS).split(b"BEGIN:VCARD"))
    assert book.run("restore")["written"] == 0 and book.book.read_bytes() == raw


def test_one_changed_card_of_many_is_one_version(book):
    book.book.write_bytes(b"".join(CARDS).replace(b"+490003", b"+490033"))
    told = book.run("backup")
    assert [i["id"] for i in told["uploaded"]] == ["many-3"]
