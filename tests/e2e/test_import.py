# SPDX-License-Identifier: Apache-2.0
"""Standard formats in: contacts of a file are merged as a restore merges them; what was exported
and comes back finds itself."""
import re
import sqlite3

import pytest

import corpus
from phone import card, jpeg, noise, people, properties
from programs import tree


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal()
    t.init(server)
    t.contacts({})
    return t


@pytest.fixture
def contacts(phone):
    """contacts(cards): what the app has now."""
    folder = phone.phone / "contacts"

    def have(cards):
        for path in folder.iterdir():
            path.unlink()
        for name, raw in cards.items():
            (folder / f"{name}.vcf").write_bytes(raw)
        return folder

    return have


def imported(phone, *args, expect=0):
    """No server, no passphrase: what was told, and the outcome by id."""
    passphrase, phone.passphrase = phone.passphrase, None
    told = phone.run("import", "contacts", *args, expect=expect)
    phone.passphrase = passphrase
    assert told["requests"] == 0
    return told, {i["id"]: i["result"] for i in told["items"]}


HERE = {
    "anna": card("Anna Schmidt", uid="anna", tel="+491701", photo=jpeg(3000),
                 lines=["X-AIM:anna99", "BDAY:1980-01-31", "ADR;TYPE=home:;;Street 1;;;;",
                        "LABEL;TYPE=home:Street 1\\nTown", "MAILER:mutt", "SORT-STRING:schmidt",
                        "item1.TEL:+4930", "item1.X-ABLabel:Boat", "GEO:37.38;-122.08",
                        "AGENT:BEGIN:VCARD\\nVERSION:3.0\\nFN:Jo\\nEND:VCARD\\n"]),
    "bo": card("Bo", uid="bo", version="4.0",
               lines=["GENDER:M", "ANNIVERSARY:20090808", "TEL;VALUE=uri;PREF=2:tel:+1-555",
                      "BDAY:--0412", "ADR;LABEL=\"Street 2\":;;Street 2;;;;",
                      "RELATED;TYPE=friend:urn:uuid:f81d4fae", "FN:Bobby"]),
    "old": b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1:M\xfcller;J\xf6rg\r\n"
           b"TEL;CELL:123\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab\r\nEND:VCARD\r\n",
}


def rows(phone):
    """How many originals and held values the Box keeps."""
    with sqlite3.connect(f"file:{phone.home}/box.db?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*) FROM kept").fetchone()[0]


@pytest.mark.parametrize("format", ["original", "vcard3", "vcard4"])
def test_what_was_exported_finds_itself(phone, contacts, tmp_path, format):
    contacts(HERE)
    phone.run("export", "contacts", "--to", tmp_path / "a.vcf", "--format", format)
    before = tree(phone.phone)
    told, results = imported(phone, tmp_path / "a.vcf")
    assert set(results.values()) == {"identical"} and len(results) == 3 and told["written"] == 0
    assert tree(phone.phone) == before


@pytest.mark.parametrize("format", ["vcard3", "vcard4"])
def test_an_empty_app_gets_all_of_it_and_gives_it_back(phone, contacts, tmp_path, format):
    contacts(HERE)
    phone.run("export", "contacts", "--to", tmp_path / "a.vcf", "--format", format)
    contacts({})
    told, results = imported(phone, tmp_path / "a.vcf")
    assert set(results.values()) == {"added"} and told["written"] == 3
    told, results = imported(phone, tmp_path / "a.vcf")
    assert set(results.values()) == {"identical"} and told["written"] == 0
    # and the contacts as they once were find themselves in what came back
    folder = tmp_path / "once"
    folder.mkdir()
    for name, raw in HERE.items():
        (folder / f"{name}.vcf").write_bytes(raw)
    told, results = imported(phone, folder)
    assert set(results.values()) == {"identical"} and told["written"] == 0


def test_a_file_is_merged_previewed_held_and_undone(phone, contacts, tmp_path):
    folder = contacts({"anna": card("Anna", uid="anna", tel="+491", lines=["BDAY:19800101"])})
    (tmp_path / "a.vcf").write_bytes(
        card("Anna", uid="anna", tel=["+491", "+492"], lines=["BDAY:19900101"]) +
        card("New", tel="+499"))
    before = tree(folder)
    told, results = imported(phone, tmp_path / "a.vcf", "--preview")
    assert sorted(results.values()) == ["added", "merged"] and told["restore"] is None
    assert tree(folder) == before
    told, results = imported(phone, tmp_path / "a.vcf")
    assert told["written"] == 2 and sorted(results.values()) == ["added", "merged"]
    [anna] = [i for i in told["items"] if i["name"] == "Anna"]
    assert [f["value"] for f in anna["fields_added"]] == ["+492"]
    assert [f["field"] for f in anna["fields_held"]] == ["BDAY"]
    assert b"TEL;TYPE=CELL:+492" in properties((folder / "anna.vcf").read_bytes())
    assert "New.vcf" in tree(folder)
    before_again = rows(phone)
    imported(phone, tmp_path / "a.vcf")
    assert rows(phone) == before_again
    held = [h for h in phone.run("held", "contacts", "Anna") if h["backup"] == "19900101"]
    assert len(held) == 1  # not once more for each import
    phone.run("undo", told["restore"])
    assert tree(folder) == before


def test_a_broken_card_is_refused_by_place_and_its_neighbours_come(phone, contacts, tmp_path):
    contacts({})
    (tmp_path / "a.vcf").write_bytes(card("One", uid="1") + b"BEGIN:VCARD\r\nFN:cut\r\n" +
                                     card("Two", uid="2") + b"what is this\r\n")
    told, results = imported(phone, tmp_path / "a.vcf", expect=3)
    failed = [i for i in told["items"] if i["result"] == "failed"]
    assert len(failed) == 2
    assert all(re.match(r"a\.vcf:\d+:\d+: ", i["reason"]) for i in failed), failed
    assert sorted(r for r in results.values() if r != "failed") == ["added", "added"]


def test_what_cannot_be_imported_is_said(phone, contacts, tmp_path):
    contacts({})
    (tmp_path / "empty.vcf").write_bytes(b"")
    assert imported(phone, tmp_path / "empty.vcf")[0]["items"] == []
    assert "nothing in that file" in phone.run("import", "contacts", tmp_path / "empty.vcf", json=False)
    assert phone.error("import", "contacts", tmp_path / "none")["code"] == "not-found"
    assert phone.error("import", "nothing", tmp_path / "empty.vcf")["code"] == "not-found"
    phone.app("saves", "game", {"slot": b"a"})
    assert phone.error("import", "saves", tmp_path / "empty.vcf")["code"] == "unsupported"


def test_whole_files_come_to_their_paths_or_beside_what_is_there(phone, tmp_path):
    big = noise(9 << 20)
    folder = phone.documents({"a.txt": b"mine", "same.txt": b"same"})
    for name, content in {"a.txt": b"theirs", "same.txt": b"same", "deep/er/b.bin": big, "empty": b""}.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(content)
    before = tree(folder)
    told = phone.run("import", "documents", tmp_path / "in", "--preview")
    assert sorted(i["result"] for i in told["items"]) == ["added", "added", "added", "identical"]
    assert tree(folder) == before
    told = phone.run("import", "documents", tmp_path / "in")
    after = {**before, "a (from backup).txt": b"theirs", "deep/er/b.bin": big, "empty": b""}
    assert tree(folder) == after and told["written"] == 3
    assert phone.run("import", "documents", tmp_path / "in")["written"] == 0
    assert phone.run("import", "documents", tmp_path / "in/a.txt")["written"] == 0
    phone.run("undo", told["restore"])
    assert tree(folder) == before


def test_a_file_that_is_too_large_to_be_one_item_is_named_and_the_others_come(phone, tmp_path):
    folder = phone.documents({})
    with open(tmp_path / "large", "wb") as file:
        file.truncate((64 << 20) + 1)
    (tmp_path / "small").write_bytes(b"small")
    told = phone.run("import", "documents", tmp_path, expect=3)
    results = {i["name"]: (i["result"], i["reason"]) for i in told["items"]}
    assert results["large"] == ("failed", f"larger than 64 MiB: copy it into {folder} yourself")
    assert results["small"][0] == "added"


def test_real_cards_find_themselves_after_every_format(phone, contacts, tmp_path):
    """Fidelity: export, import: nothing is written; every property is there, and none twice."""
    contacts({path.replace("/", "_")[:-4]: raw
              for path, raw in corpus.files("contacts").items() if path.endswith(".vcf")})
    before = tree(phone.phone / "contacts")
    for format in ("original", "vcard3", "vcard4"):
        to = tmp_path / f"{format}.vcf"
        phone.run("export", "contacts", "--to", to, "--format", format)
        told, results = imported(phone, to)
        changed = [i for i in told["items"] if i["result"] != "identical"]
        assert changed == [], (format, [(i["name"], i["result"], i["reason"], i["fields_added"],
                                         i["fields_held"]) for i in changed][:5])
        assert told["written"] == 0 and tree(phone.phone / "contacts") == before
    assert len(results) > 150
