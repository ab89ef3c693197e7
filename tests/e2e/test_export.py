# SPDX-License-Identifier: Apache-2.0
"""Data is never locked in: an app's items go out in standard formats, and nothing is left out
without a word."""
import tarfile

import pytest

import corpus
from phone import card, jpeg, noise, properties
from programs import tree


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal()
    t.init(server)
    t.contacts({
        "anna": card("Anna Schmidt", uid="anna", tel="+491701", photo=jpeg(3000),
                     lines=["X-AIM:anna99", "BDAY:1980-01-31", "LABEL:Home 1", "MAILER:mutt"]),
        "bo": card("Bo", uid="bo", version="4.0",
                   lines=["GENDER:M", "ANNIVERSARY:20090808", "TEL;VALUE=uri;PREF=2:tel:+1-555"]),
        "old": b"BEGIN:VCARD\r\nVERSION:2.1\r\nUID:old\r\nN;CHARSET=ISO-8859-1:M\xfcller;J\xf6rg\r\n"
               b"TEL;CELL:123\r\nEND:VCARD\r\n",
    })
    t.documents({"a/b.bin": noise(3000), "c.txt": b"c", "d\xff.bin": b"d"})
    return t


def exported(phone, to, *args, expect=0):
    told = phone.run("export", "contacts", *args, "--to", to, expect=expect)
    assert told["exported"] == sum(i["result"] == "exported" for i in told["items"])
    return told, {i["id"]: [(n["kind"], n["field"]) for n in i["notes"]] for i in told["items"]}


def test_contacts_go_out_as_they_are(phone, tmp_path):
    told, notes = exported(phone, tmp_path / "all.vcf")
    assert told["exported"] == 3 and told["format"] == "original" and not any(notes.values())
    saved = tree(phone.phone / "contacts")
    raw = (tmp_path / "all.vcf").read_bytes()
    assert told["bytes"] == len(raw) == sum(map(len, saved.values()))
    assert all(one in raw for one in saved.values())


def test_contacts_go_out_in_version_4_with_what_it_cannot_hold(phone, tmp_path):
    told, notes = exported(phone, tmp_path / "all.vcf", "--format", "vcard4")
    lines = properties((tmp_path / "all.vcf").read_bytes())
    assert lines.count(b"VERSION:4.0") == 3
    assert b"IMPP:aim:anna99" in lines and b"BDAY:19800131" in lines
    assert any(line.startswith(b"PHOTO:data:image/jpeg;base64,") for line in lines)
    assert "N:Müller;Jörg".encode() in lines and b"TEL;TYPE=CELL:123" in lines
    assert notes["anna"] == [("kept", "LABEL"), ("kept", "MAILER")] and notes["bo"] == []
    assert b"X-CLOUDBOX-MAILER:mutt" in lines
    assert notes["old"] == [("derived", "FN")]
    assert "MAILER" in [n["reason"] for i in told["items"] for n in i["notes"]][1]


def test_contacts_go_out_in_version_3_with_what_it_cannot_hold(phone, tmp_path):
    _, notes = exported(phone, tmp_path / "all.vcf", "--format", "vcard3")
    lines = properties((tmp_path / "all.vcf").read_bytes())
    assert lines.count(b"VERSION:3.0") == 3
    assert notes["bo"] == [("kept", "GENDER"), ("kept", "ANNIVERSARY"), ("parameter", "TEL")]
    assert b"X-CLOUDBOX-GENDER:M" in lines and b"X-ANNIVERSARY:2009-08-08" in lines
    assert b"TEL;PREF=2:+1-555" in lines
    assert phone.phone.joinpath("contacts/anna.vcf").read_bytes() in \
        (tmp_path / "all.vcf").read_bytes()  # it is 3.0 already


def test_some_contacts_go_into_a_folder_and_a_tar(phone, tmp_path):
    exported(phone, f"{tmp_path}/some/", "Anna Schmidt", "bo")
    assert sorted(tree(tmp_path / "some")) == ["Anna Schmidt.vcf", "Bo.vcf"]
    exported(phone, tmp_path / "some.tar", "anna")
    with tarfile.open(tmp_path / "some.tar") as tar:
        assert tar.getnames() == ["Anna Schmidt.vcf"]
        assert tar.extractfile("Anna Schmidt.vcf").read() == \
            (phone.phone / "contacts/anna.vcf").read_bytes()


def test_whole_files_go_into_a_folder_and_a_tar_with_their_paths_and_times(phone, tmp_path):
    told = phone.run("export", "documents", "--to", tmp_path / "docs")
    saved = tree(phone.phone / "documents")
    assert told["exported"] == 3 and tree(tmp_path / "docs") == saved
    phone.run("export", "documents", "--to", tmp_path / "docs.tar")
    with tarfile.open(tmp_path / "docs.tar", errors="surrogateescape") as tar:
        assert {m.name: tar.extractfile(m).read() for m in tar} == saved
        was = int((phone.phone / "documents/c.txt").stat().st_mtime)
        assert int(tar.getmember("c.txt").mtime) == was
        assert int((tmp_path / "docs/c.txt").stat().st_mtime) == was


def test_nothing_is_replaced_and_nothing_half_done_is_left(phone, tmp_path):
    (tmp_path / "a.vcf").write_bytes(b"mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").write_bytes(b"mine")
    before = tree(tmp_path)
    for to in ("a.vcf", "full/"):
        assert phone.error("export", "contacts", "--to", f"{tmp_path}/{to}")["code"] == "exists"
    for format in ("vcard9", "csv"):
        phone.error("export", "contacts", "--to", tmp_path / "b", "--format", format, expect=2)
    phone.error("export", "documents", "--to", tmp_path / "b", "--format", "vcard4", expect=2)
    phone.error("export", "contacts", expect=2)
    assert phone.error("export", "contacts", "nobody", "--to", tmp_path / "b")["code"] == "not-found"
    assert tree(tmp_path) == before


def test_people_are_told_in_words_too(phone, tmp_path):
    said = phone.run("export", "contacts", "--to", tmp_path / "a.vcf", "--format", "vcard3",
                     json=False)
    assert "vCard 3.0 has no GENDER: kept as X-CLOUDBOX-GENDER" in said
    assert "3 items exported" in said


def test_real_cards_go_out_whole_in_every_format(make_terminal, server, tmp_path):
    """Every card of every file that the app takes: none is lost, none is bad afterwards."""
    t = make_terminal()
    t.init(server)
    folder = t.phone / "contacts"
    t.contacts({})
    for path, raw in corpus.files("contacts").items():
        if path.endswith(".vcf"):
            (folder / path.replace("/", "_")).write_bytes(raw)
    items = t.run("items", "contacts")
    assert len(items) > 150
    for format in ("original", "vcard3", "vcard4"):
        told = t.run("export", "contacts", "--to", tmp_path / f"{format}.vcf", "--format", format)
        assert told["exported"] == len(items)
        out = corpus.cards((tmp_path / f"{format}.vcf").read_bytes())
        assert len(out) == len(items)
        if format != "original":
            version = b"VERSION:3.0" if format == "vcard3" else b"VERSION:4.0"
            assert all(any(line.strip().upper() == version for line in card) for card in out)
            assert (tmp_path / f"{format}.vcf").read_bytes().decode()  # UTF-8 throughout
