# SPDX-License-Identifier: Apache-2.0
"""Real contacts, photos, documents and odd files of other programs: added, backed up, and restored
on a second terminal.  Nothing crashes, nothing hangs, what is refused is named, nothing is lost."""
import collections
import json
import random
import re

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


def test_a_drill_proves_all_that_was_saved(world):
    """Each contact is restored into a copy, merged with itself and with the app's: none falls short."""
    t, _ = world
    told = t.run("drill", "--all")
    assert told["bad"] == [] and told["proven"] == told["items"] >= len(t.saved["uploaded"])


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


# A mutated copy of every card: what was lost comes back, what is new here stays, nothing doubles.

NAMED = re.compile(rb"(?:[A-Za-z0-9-]+\.)*[A-Za-z][A-Za-z0-9-]*[;:]")


def logical(card):
    """The property lines of a card, each with the physical lines that go on with it."""
    lines = []
    for line in card.splitlines(keepends=True):
        if lines and not NAMED.match(line):
            lines[-1] += line
        else:
            lines.append(line)
    return lines


def is_tel(line):
    return re.match(rb"TEL[;:]", line, re.I)


def digits(tel):
    return re.sub(rb"\D", b"", tel.split(b":", 1)[-1])


def named(card):
    """A card's FN line, or nothing."""
    return b"".join(line for line in logical(card) if line.upper().startswith(b"FN")).strip()


def mutate(card, number, r):
    """(mutated card, the TEL line it lost or None): reordered, retyped, refolded, one TEL less, one
    EMAIL more."""
    head, *body, end = logical(card)
    end_of_line = b"\r\n" if b"\r\n" in head else b"\n"
    tels = [line for line in body if is_tel(line)]
    lost = tels[0] if len(set(map(digits, tels))) > 1 else None
    if lost:
        body.remove(lost)
    version = [line for line in body if line.upper().startswith(b"VERSION")]
    rest = [line for line in body if line not in version]
    if all(len(line.splitlines()) == 1 for line in rest):
        r.shuffle(rest)
    rest = [re.sub(rb"^(TEL;[^:]*)", lambda m: m[1].swapcase(), line, flags=re.I) for line in rest]
    if b"VERSION:2.1" not in card and all(line.isascii() for line in rest):
        rest = [line[:12] + end_of_line + b" " + line[12:] if len(line) > 40 and b":" in line[:12]
                else line for line in rest]
    extra = b"EMAIL:mutated-%d@example.org" % number + end_of_line
    return b"".join([head, *version, *rest, extra, end]), lost


def test_a_mutated_copy_of_every_card_gets_back_what_it_lost_and_keeps_what_is_new(world):
    t, u = world
    seed = 20261126
    r = random.Random(seed)
    print(f"seed {seed}")
    folder, lost_of, n = u.phone / "contacts", {}, 0
    before = tree(folder)
    for path, raw in before.items():
        whole = re.fullmatch(rb"(?:\xef\xbb\xbf)?(BEGIN:VCARD\r?\n.*?^END:VCARD\r?\n)", raw, re.S | re.M | re.I)
        if not whole or raw.upper().count(b"BEGIN:VCARD") != 1 or b"\0" in raw:
            continue
        n += 1
        mutated, lost = mutate(whole[1], n, r)
        (folder / path).write_bytes(mutated)
        lost_of[path] = (mutated, lost)
    assert n > 900 and sum(lost is not None for _, lost in lost_of.values()) > 80
    told = u.run("restore", "contacts", "--from", t.device, expect=None)
    after = tree(folder)
    assert sorted(after) == sorted(before), "a mutated card was taken for another one"
    assert "added" not in {i["result"] for i in told["items"]}
    numbers = collections.defaultdict(set)
    for path, raw in after.items():
        for line in filter(is_tel, logical(raw)):
            numbers[path].add(digits(line))
            numbers[named(raw)].add(digits(line))
    for path, (mutated, lost) in lost_of.items():
        end = re.search(rb"^END:VCARD", mutated, re.M | re.I).start()
        assert after[path].startswith(mutated[:end]), f"{path}: what was here is not as it was"
        if lost:  # it is back, or a card of that name that has all of this one's fields has it
            assert digits(lost) in numbers[path] | numbers[named(mutated)], f"{path}: lost {lost}"
    assert u.run("restore", "contacts", "--from", t.device, expect=None)["written"] == 0
    assert tree(folder) == after
