# SPDX-License-Identifier: Apache-2.0
"""Naughty strings as names, notes and file names."""
import json

import pytest

import corpus
from phone import card, escape
from programs import named, tree


def strings():
    [folder] = corpus.folder("generic/naughty-strings")
    own = ["\u202eright to left", "a\u0000b", "line\nbreak", "\x1b[31mred\x1b[0m", "\ufeffmark", "é" * 3000]
    return json.loads((folder / "blns.json").read_text()) + own


def one_line(text):
    """What can stand in a content line: no bare control characters."""
    return "".join(c for c in text if c in "\t\n" or ord(c) >= 32 and ord(c) != 127)


def file_names():
    names = {}
    for text in strings():
        raw = text.encode("utf-8", "surrogatepass").replace(b"/", b"_").replace(b"\0", b"_")[:255]
        if raw not in (b"", b".", b".."):
            names[raw] = text.encode("utf-8", "surrogatepass")
    return names


@pytest.fixture(scope="module")
def world(make_terminal, server):
    t = make_terminal("naughty")
    t.init(server)
    t.texts = [one_line(text) for text in strings()]
    t.cards = {f"n{i:03}": card(text, uid=f"naughty-{i}", tel=f"+49{i}",
                                lines=[f"NOTE:{escape(text)}", f"X-{i}:{escape(text)}"])
               for i, text in enumerate(t.texts)}
    t.contacts(t.cards)
    t.names = file_names()
    t.documents(t.names)
    for app in ("contacts", "documents"):
        told = t.run("add", app, "--all")
        assert told["failed"] == []
    t.saved = t.run("backup")
    u = make_terminal("second")
    u.join(t)
    u.contacts({})
    u.documents({})
    u.restored = u.run("restore", "--from", t.device)
    return t, u


def test_all_of_them_are_saved_and_come_back_to_the_byte(world):
    t, u = world
    assert len(t.saved["uploaded"]) == len(t.cards) + len(t.names)
    assert tree(u.phone / "contacts") == {f"{n}.vcf": raw for n, raw in t.cards.items()}
    assert tree(str(u.phone / "documents").encode()) == t.names


def test_restored_again_nothing_is_written(world):
    t, u = world
    assert u.run("restore", "--from", t.device)["written"] == 0
    assert t.run("restore")["written"] == 0


def test_names_and_ids_are_shown_without_control_characters(world):
    t, u = world
    for listed in (t.run("items", "contacts"), t.run("box", "documents"), t.run("cloud")):
        for item in listed:
            for value in (item["name"], item["id"]):
                assert value and not any(ord(c) < 32 or ord(c) == 127 for c in value), item


def test_no_escape_sequence_reaches_the_screen(world):
    t, u = world
    for command in (("items", "documents"), ("box", "documents"), ("box", "contacts"), ("cloud",)):
        assert "\x1b" not in t.run(*command, json=False)


def test_each_can_be_named_by_its_id(world):
    t, u = world
    ids = [s["id"] for s in t.run("box", "documents")]
    assert len(set(ids)) == len(ids)
    assert t.run("select", "documents", "--", *ids) == {"changed": len(ids)}
    told = t.run("restore", "documents", "--preview", "--", *ids)
    assert len(told["items"]) == len(ids)


def test_each_name_can_be_asked_for(world):
    """Unique ones are found, others are ambiguous or unknown; none is a usage error or a crash."""
    t, u = world
    names = sorted({i["name"] for i in t.run("items", "contacts")})
    assert len(names) > 300
    for name in names[::10]:
        t.run("remove", "contacts", "--", name, expect=(0, 1))


def test_they_can_be_names_of_terminals(world, make_terminal):
    t, u = world
    for name in ("Robert'); DROP TABLE devices;--", "田中さん", "<script>alert(1)</script>"):
        v = make_terminal(name)
        v.join(t)
        assert name in named(t.run("devices"))
