# SPDX-License-Identifier: Apache-2.0
"""The cases to survive (docs/guide/merging.md): each restored twice, with both sides swapped, and
killed between any two writes (one of them, by a seed; with CLOUDBOX_FULL=1 each).

A case has files here and files in the backup, and says what the restore must tell and leave.
Swapped, nothing of the new "here" may be missing afterwards, and every field of the new backup is
there or held: what exactly, the case says too where the two directions differ.
"""
import dataclasses
import os
import random
import re
import shutil
import signal
import unicodedata

import pytest

from phone import card, jpeg
from programs import BUILD, tree

SEED = int(os.environ.get("CLOUDBOX_SEED", random.randrange(10**9)))
FULL = os.environ.get("CLOUDBOX_FULL")


@dataclasses.dataclass
class Case:
    what: str  # a true sentence
    here: dict
    saved: dict
    results: list  # of the restored items, by file name
    added: list = dataclasses.field(default_factory=list)  # (field, value)
    held: list = dataclasses.field(default_factory=list)
    n_files: int = 1  # afterwards
    swapped: dict = dataclasses.field(default_factory=dict)  # results, added, held, n_files


def one(here, saved, *, result="merged", added=(), held=(), **more):
    return dict(here={"a.vcf": here}, saved={"a.vcf": saved}, results=[result], added=list(added),
                held=list(held), **more)


def raw(*lines, end=b"\r\n"):
    return b"".join((line if isinstance(line, bytes) else line.encode()) + end for line in lines)


def v21(*lines):
    return raw("BEGIN:VCARD", "VERSION:2.1", *lines, "END:VCARD")


def anna(*lines, tel=(), name="Anna Schmidt", uid="anna"):
    return card(name, uid=uid, tel=list(tel), lines=list(lines))


PHOTO, OTHER = jpeg(5000, 1), jpeg(5000, 2)
COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "José Núñez") for form in ("NFC", "NFD"))
AGENT = raw("BEGIN:VCARD", "VERSION:2.1", "N:Boss;The", "FN:The Boss", "TEL:+491", "AGENT:",
            "BEGIN:VCARD", "VERSION:2.1", "N:Aide;An", "FN:An Aide", "TEL:+499", "END:VCARD",
            "END:VCARD")

CASES = [
    Case("1 a number in another spelling and of another type is the same number", **one(
        anna("TEL;TYPE=CELL:+1 (415) 555-1212"), anna("TEL;TYPE=WORK:+14155551212"),
        result="identical", swapped=dict(results=["identical"]))),
    Case("2 without a region a national number is another number", **one(
        anna("TEL:4155551212", tel=["+491"]), anna("TEL:+14155551212", tel=["+491"]),
        added=[("TEL", "+14155551212")], swapped=dict(added=[("TEL", "4155551212")]))),
    Case("3 codes that begin with # or * are numbers of their own", **one(
        anna("TEL:555", tel=["+491"]), anna("TEL:#555", "TEL:*555", tel=["+491"]),
        added=[("TEL", "#555"), ("TEL", "*555")], swapped=dict(added=[("TEL", "555")]))),
    Case("4 an extension and a wait make another number", **one(
        anna("TEL:1234567", tel=["+491"]),
        anna("TEL:1234567;89321", "TEL:1234567 ext. 5", tel=["+491"]),
        added=[("TEL", "1234567;89321"), ("TEL", "1234567 ext. 5")],
        swapped=dict(added=[("TEL", "1234567")]))),
    Case("5 an address is the same in other case, and never by a provider's rules", **one(
        anna("EMAIL:John@Example.com"), anna("EMAIL:john@example.COM", "EMAIL:jo.hn@example.com"),
        added=[("EMAIL", "jo.hn@example.com")], swapped=dict(results=["identical"], added=[]))),
    Case("6 a composed and a decomposed name are one", **one(
        card(COMPOSED, uid="jose", tel="+491"), card(DECOMPOSED, uid="jose", tel="+491"),
        result="identical", swapped=dict(results=["identical"]))),
    Case("7 another name under one id and a shared number is held", **one(
        anna(tel=["+49170123"]), anna(tel=["+49170123"], name="Anna Meier"),
        held=[("FN", "Anna Meier"), ("N", "Anna Meier")],
        swapped=dict(held=[("FN", "Anna Schmidt"), ("N", "Anna Schmidt")]))),
    Case("8 another name under one id and nothing shared is another contact", **one(
        anna(tel=["+491111"]), anna(tel=["+492222"], name="Bert Meier"), result="added", n_files=2,
        swapped=dict(results=["added"], n_files=2))),
    Case("9 without an id, one name and one shared number is one contact", **one(
        card("Carla Diaz", tel=["+491"]), card("Carla Diaz", tel=["+491", "+492"]),
        added=[("TEL", "+492")], swapped=dict(results=["identical"], added=[]))),
    Case("10 of father and son, the one that shares the number is meant",
         here={"father.vcf": card("Hans Müller", tel=["+4930111"]),
               "son.vcf": card("Hans Müller", tel=["+4930222"])},
         saved={"a.vcf": card("Hans Müller", tel=["+4930222", "+4930333"])},
         results=["merged"], added=[("TEL", "+4930333")], n_files=2,
         swapped=dict(results=["added", "identical"], added=[], n_files=2)),
    Case("10 of two who share as much, neither is meant",
         here={"father.vcf": card("Hans Müller", tel=["+4930111"], lines=["NOTE:father"]),
               "son.vcf": card("Hans Müller", tel=["+4930111"], lines=["NOTE:son"])},
         saved={"a.vcf": card("Hans Müller", tel=["+4930111", "+4930333"])},
         results=["added"], n_files=3, swapped=None),
    Case("11 another photo is held", **one(
        card("Eva", uid="e", tel="+491", photo=OTHER), card("Eva", uid="e", tel="+491", photo=PHOTO),
        held=[("PHOTO", None)], swapped=dict(held=[("PHOTO", None)]))),
    Case("11 the same photo in another folding is the same", **one(
        card("Eva", uid="e", tel="+491", photo=PHOTO),
        card("Eva", uid="e", tel="+491", photo=PHOTO).replace(b"\r\n ", b""),
        result="identical", swapped=dict(results=["identical"]))),
    Case("11 a photo comes where there is none", **one(
        card("Eva", uid="e", tel="+491"), card("Eva", uid="e", tel="+491", photo=PHOTO),
        added=[("PHOTO", None)], swapped=dict(results=["identical"], added=[]))),
    Case("12 two notes are two notes", **one(
        anna("NOTE:a", tel=["+491"]), anna("NOTE:b", tel=["+491"]),
        added=[("NOTE", "b")], swapped=dict(added=[("NOTE", "a")]))),
    Case("13 a birthday comes where there is none", **one(
        anna(tel=["+491"]), anna("BDAY:1980-01-01", tel=["+491"]),
        added=[("BDAY", "1980-01-01")], swapped=dict(results=["identical"], added=[]))),
    Case("14 a label stays with what it labels", **one(
        anna("item1.TEL:+492", "item1.X-ABLabel:Boat", tel=["+491"]),
        anna("item1.URL:http://shop.example", "item1.X-ABLabel:Shop", tel=["+491"]),
        added=[("URL", "http://shop.example")], swapped=dict(added=[("TEL", "+492")]))),
    Case("15 a card within a card is one contact", **one(
        AGENT, AGENT.replace(b"TEL:+491\r\n", b"TEL:+491\r\nTEL:+492\r\n"),
        added=[("TEL", "+492")], swapped=dict(results=["identical"], added=[]))),
    Case("16 a soft break before the next property swallows nothing", **one(
        v21("N:Doe;Jo", "FN:Jo Doe", "TEL:+491"),
        v21("N:Doe;Jo", "FN:Jo Doe", "TEL:+491", "NOTE;ENCODING=QUOTED-PRINTABLE:line one=",
            "EMAIL:jo@example.org"),
        added=[("EMAIL", "jo@example.org"), ("NOTE", "line one")],
        swapped=dict(results=["identical"], added=[]))),
    Case("17 a charset that lies adds nothing the second time", **one(
        v21("N:Müller;Jo", "FN:Jo Müller", "TEL:+491"),
        raw("BEGIN:VCARD", "VERSION:2.1", "N;CHARSET=UTF-8:Müller;Jo".encode("cp1252"),
            "FN;CHARSET=UTF-8:Jo Müller".encode("cp1252"), "TEL:+491",
            "TITLE;CHARSET=blabla:Größe".encode("cp1252"), "END:VCARD"),
        added=[("TITLE", "Größe")], swapped=dict(results=["identical"], added=[]))),
    Case("18 a number that is twice in the backup comes once", **one(
        anna(tel=["+491"]), anna(tel=["+491", "+492", "+4 9 2"]), added=[("TEL", "+492")],
        swapped=dict(results=["identical"], added=[]))),
    Case("19 what is empty is never written", **one(
        anna(tel=["+491"]), anna("EMAIL:", "ADR:;;;;;;", "TITLE:Boss", tel=["+491"]),
        added=[("TITLE", "Boss")], swapped=dict(results=["identical"], added=[]))),
]

FILES = [
    Case("30 another file of that name comes beside it, once",
         here={"IMG_0001.JPG": PHOTO}, saved={"IMG_0001.JPG": OTHER},
         results=["added"], n_files=2, swapped=dict(results=["added"], n_files=2)),
    Case("30 the same file is the same",
         here={"IMG_0001.JPG": PHOTO}, saved={"IMG_0001.JPG": PHOTO}, results=["identical"],
         swapped=dict(results=["identical"])),
    Case("30 a file that is not there comes",
         here={"other.txt": b"here"}, saved={"sub/deep/IMG_0001.JPG": OTHER, ".profile": b"x=1\n"},
         results=["added", "added"], n_files=3, swapped=dict(results=["added"], n_files=3)),
]


def swap(case):
    """The case seen from the other side."""
    if case.swapped is None:
        return None
    how = dict(results=case.results, added=[], held=[], n_files=case.n_files, swapped=None)
    return dataclasses.replace(case, here=case.saved, saved=case.here, what=case.what + ", swapped",
                               **{**how, **case.swapped})


def both_ways(cases, swapped=True):
    all_of_them = [c for case in cases for c in (case, swapped and swap(case)) if c]
    return pytest.mark.parametrize("case", all_of_them, ids=[c.what for c in all_of_them])


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal()
    t.init(server)
    t.contacts({})
    t.documents({})
    return t


def write(folder, files):
    """Exactly these files."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def told_of(told, which):
    return sorted((f["field"], f["value"]) for item in told["items"] for f in item[which])


def is_like(found, expected):
    """Fields found are those expected; a value of None is for pictures: any will do."""
    expected = sorted(expected, key=lambda f: (f[0], f[1] or ""))
    return len(found) == len(expected) and all(
        name == wanted and (value is None or got == value)
        for (name, got), (wanted, value) in zip(found, expected))


def save(phone, app, case):
    """Back up the case's saved files and put those that are here in their place."""
    folder = phone.phone / app
    write(folder, case.saved)
    phone.run("add", app, "--all", "--yes")
    assert phone.run("backup", app)["failed"] == []
    write(folder, case.here)
    return folder


def forget(phone, app):
    write(phone.phone / app, {})
    phone.run("remove", app, "--all")
    phone.run("forget", app, "--all")


def check(phone, app, case):
    folder = save(phone, app, case)
    told = phone.run("restore", app)
    after = tree(folder)

    assert [i["result"] for i in told["items"]] == case.results, told
    if case.added or case.held or case.results in (["identical"], ["merged"]):
        assert is_like(told_of(told, "fields_added"), case.added), told["items"]
        assert is_like(told_of(told, "fields_held"), case.held), told["items"]
    assert len(after) == case.n_files, sorted(after)
    if not case.added and "added" not in case.results:
        assert told["written"] == 0 and after == case.here, "what is identical was touched"
    for name, content in case.here.items():
        if app == "contacts":  # line for line in its place; new lines only before the end
            kept = content[:content.rindex(b"END:VCARD")]
            assert after[name].startswith(kept), "something that was here is not as it was"
        else:
            assert after[name] == content

    again = phone.run("restore", app)
    assert again["written"] == 0 and tree(folder) == after, "the second restore wrote"
    assert told_of(again, "fields_held") == told_of(told, "fields_held")
    assert not told_of(again, "fields_added") and "added" not in [i["result"] for i in again["items"]]
    forget(phone, app)


@both_ways(CASES)
def test_contact(phone, case):
    check(phone, "contacts", case)


@both_ways(FILES)
def test_file(phone, case):
    check(phone, "documents", case)


def test_2_with_a_region_a_national_number_is_the_same_both_ways(phone):
    phone.run("region", "US")
    try:
        national, international = anna("TEL:4155551212"), anna("TEL:+14155551212")
        for here, saved in ((national, international), (international, national)):
            check(phone, "contacts", Case("", here={"a.vcf": here}, saved={"a.vcf": saved},
                                          results=["identical"]))
    finally:
        phone.run("region", "none")


def test_16_cut_off_cards_are_refused_by_name_and_their_neighbours_come(phone):
    folder, whole = phone.phone / "contacts", card("Bob", uid="bob", tel="+492")
    within, at_end = whole[:whole.index(b"END:")], whole[:-20]
    write(folder, {"a.vcf": anna(tel=["+491"]) + within + card("Cy", uid="cy", tel="+493") + at_end})
    told = phone.run("add", "contacts", "--all", "--yes")
    assert {i["id"] for i in told["added"]} == {"anna", "cy"}
    assert [line for line in phone.stderr.splitlines() if "expected" in line] == [
        "note: contacts: a.vcf:14:1: expected END:VCARD, found 'B'",
        "note: contacts: a.vcf:26:12: expected END:VCARD, found the end"]
    forget(phone, "contacts")


# Killed between any two writes, of the Box's own files or the app's

def restore_with(phone, app, log, **fault):
    """A restore under libfault.so (tests/fault); the number of calls that can lose data."""
    phone.run("restore", app, expect=(0, -signal.SIGKILL), env={
        "LD_PRELOAD": BUILD / "tests/fault/libfault.so", "FAULT_CLASS": "disk-write",
        "FAULT_LOG": log, **fault})
    return int(re.search(r"calls (\d+)", log.read_text())[1]) if not fault else None


def killed(phone, app, case, tmp_path):
    """Restore, killed at each of the points; then again, to the same end, once more for nothing."""
    folder = save(phone, app, case)
    shutil.copytree(phone.home, tmp_path / "box")
    n = restore_with(phone, app, tmp_path / "log")
    whole = tree(folder)
    assert n > 10
    for at in range(1, n + 1) if FULL else [random.Random(f"{SEED}{case.what}").randint(1, n)]:
        print(f"CLOUDBOX_SEED={SEED}: killed before write {at} of {n}")
        shutil.rmtree(phone.home)
        shutil.copytree(tmp_path / "box", phone.home)
        write(folder, case.here)
        restore_with(phone, app, tmp_path / "log", FAULT_AT=at, FAULT_DO="kill-before")
        torn = {name: content for name, content in tree(folder).items()
                if content not in (case.here.get(name), whole.get(name))
                and not name.startswith(".cloudbox-")}
        assert not torn, "half an item"
        phone.run("restore", app)
        assert tree(folder) == whole, "restored again, it is not what it would have been"
    assert phone.run("restore", app)["written"] == 0 and tree(folder) == whole
    forget(phone, app)


@both_ways(CASES, swapped=FULL)
def test_contact_killed(phone, case, tmp_path):
    killed(phone, "contacts", case, tmp_path)


@both_ways(FILES, swapped=FULL)
def test_file_killed(phone, case, tmp_path):
    killed(phone, "documents", case, tmp_path)


def test_a_long_value_is_cut_on_a_screen_and_whole_in_json(phone):
    """A photo that is no base64 is text to us: its 4,000 characters are no news to a person."""
    damaged = "PHOTO;ENCODING=b:" + "*" + "/9j4AAQSkZJRgABAQAAAQ" * 200
    case = Case("", **one(anna(tel=["+491"]), anna(damaged, tel=["+491"])))
    save(phone, "contacts", case)
    shown = phone.run("restore", "contacts", "--preview", json=False)
    assert "PHOTO" in shown and max(map(len, shown.splitlines())) < 300
    [item] = phone.run("restore", "contacts", "--preview")["items"]
    assert max(len(f["value"]) for f in item["fields_added"] + item["fields_held"]) > 4000
    forget(phone, "contacts")
