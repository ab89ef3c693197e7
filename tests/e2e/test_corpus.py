# SPDX-License-Identifier: Apache-2.0
"""Real contacts, photos, documents and odd files of other programs: added, backed up, and restored
on a second terminal.  Nothing crashes, nothing hangs, what is refused is named, nothing is lost."""
import collections
import json

import pytest

import corpus
from programs import tree


def as_folder(files):
    """Every file under a name that the vcard adapter reads."""
    return {path if path.endswith(".vcf") else path + ".vcf": raw for path, raw in files.items()}


@pytest.fixture(scope="module")
def world(make_terminal, server):
    """Everything on one phone, saved; and a second terminal that got it."""
    t = make_terminal("corpus phone")
    t.init(server)
    t.files = {**corpus.files("media"), **corpus.files("documents"), **corpus.files("generic")}
    t.cards = as_folder(corpus.files("contacts"))
    t.app("contacts", "vcard", t.cards)
    t.documents(t.files)
    t.told = {"items": t.run("items", "contacts"), "notes": t.stderr}
    t.added = [t.run("add", app, "--all", expect=None) for app in ("contacts", "documents")]
    t.told["notes"] += t.stderr + json.dumps(t.added)
    t.saved = t.run("backup", expect=None)
    t.told["notes"] += t.stderr + json.dumps(t.saved["failed"])
    u = make_terminal("second")
    u.join(t)
    u.contacts({})
    u.documents({})
    u.restored = u.run("restore", "--from", t.device, expect=None)
    return t, u


def test_every_file_comes_back_to_the_byte(world):
    t, u = world
    failed = {i["id"] for i in t.saved["failed"]}
    assert not failed & set(t.files), "files that could not be saved"
    assert tree(u.phone / "documents") == t.files


def test_every_item_that_was_saved_came_back(world):
    t, u = world
    results = collections.Counter(i["result"] for i in u.restored["items"])
    assert set(results) == {"added"}, [i for i in u.restored["items"] if i["result"] != "added"][:10]
    assert results["added"] == len(t.saved["uploaded"])
    assert len(u.run("items", "contacts")) == len(t.told["items"]) > 1000


def without_uid(card):
    """Lines that must be there again: all but the card's own id, and blank ones."""
    return [line.rstrip() for line in card if line.strip()
            and not line.upper().startswith((b"UID:", b"UID;"))]


def test_every_property_line_of_every_card_is_there_again(world):
    t, u = world
    have = collections.Counter()
    for raw in tree(u.phone / "contacts").values():
        for card in corpus.cards(raw):
            have[tuple(sorted(set(without_uid(card))))] += 1
    lines_of = [set(key) for key in have]
    lost = {}
    for path, raw in t.cards.items():
        for card in corpus.cards(raw):
            lines = set(without_uid(card))
            if tuple(sorted(lines)) in have or any(lines <= other for other in lines_of):
                continue
            lost.setdefault(path, []).append(card[:3])
    unnamed = {path: cards for path, cards in lost.items() if path not in t.told["notes"]}
    assert unnamed == {}


def test_what_is_no_whole_card_is_named(world):
    """Files without a single whole card (JSON, XML, cut off, empty but for some bytes) are."""
    t, u = world
    without = [path for path, raw in t.cards.items() if raw.strip() and not corpus.cards(raw)]
    assert without
    sources = {s["path"] for s in t.run("box", "contacts")}
    unnamed = [path for path in without if path not in t.told["notes"] and path not in sources
               and corpus.text(t.cards[path]).strip()]
    assert unnamed == []


def test_restored_again_nothing_is_written(world):
    t, u = world
    before = tree(u.phone)
    told = u.run("restore", "--from", t.device, expect=None)
    assert told["written"] == 0, [i for i in told["items"] if i["result"] != "identical"][:5]
    assert tree(u.phone) == before


def test_restored_over_itself_nothing_is_written(world):
    t, u = world
    before = tree(t.phone)
    told = t.run("restore", expect=None)
    assert told["written"] == 0, [i for i in told["items"] if i["result"] != "identical"][:5]
    assert tree(t.phone) == before


def test_the_next_backup_sends_nothing(world):
    t, u = world
    told = t.run("backup", expect=None)
    assert told["uploaded"] == [] and told["requests"] == 0


def test_one_changed_card_among_them_is_one_item(world):
    t, u = world
    path = t.phone / "contacts" / "contacts/ez-vcard/io/text/John_Doe_EVOLUTION.vcf"
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"END:VCARD", b"X-ONE-MORE:1\r\nEND:VCARD", 1))
    told = t.run("backup", expect=None)
    assert len(told["uploaded"]) == 1
    path.write_bytes(raw)


def test_all_cards_in_one_file_are_each_saved(world, make_terminal, server):
    """The same cards, each whole one, behind one another in one file of many programs."""
    t, _ = world
    one = make_terminal()
    one.init(server)
    book = one.phone / "all.vcf"
    cards = [card for raw in t.cards.values() if b"\0" not in raw for card in corpus.cards(raw)]
    book.write_bytes(b"".join(b"\r\n".join(card) + b"\r\n" for card in cards))
    one.run("apps", "add", "contacts", "--adapter", "vcard", "--path", book)
    told = one.run("add", "contacts", "--all", expect=None)
    assert len(told["added"]) + len(told["failed"]) >= len(cards) - 5
    one.run("backup", expect=None)
    raw = book.read_bytes()
    assert one.run("restore", expect=None)["written"] == 0 and book.read_bytes() == raw
    book.write_bytes(b"")
    restored = one.run("restore", expect=None)
    assert restored["written"] == len(told["added"])
    again = corpus.cards(book.read_bytes())
    assert len(again) == len(told["added"])
    assert one.run("restore", expect=None)["written"] == 0
