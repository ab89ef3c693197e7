# SPDX-License-Identifier: Apache-2.0
"""Contacts in Evolution Data Server, which GNOME Contacts shows: the real service in a session of its own."""
import collections

import pytest

import corpus
import desktop
import phone
from programs import wait_until


@pytest.fixture(scope="module")
def make_desktop(tmp_path_factory):
    """make_desktop(): a blank terminal with a desktop session."""
    desktop.need_eds()
    made = []

    def make(name=None):
        made.append(desktop.Desktop(tmp_path_factory.mktemp("desktop"), name or f"desktop {len(made)}"))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def pair(make_desktop, server):
    """Two desktops of one account, each with the app contacts."""
    a, b = make_desktop(), make_desktop()
    a.init(server)
    b.join(a)
    for one in (a, b):
        one.gnome("contacts", "eds-contacts")
    return a, b


def card(name, uid, *lines):
    return phone.card(name, uid=uid, lines=lines).decode()


def results(told):
    return collections.Counter(i["result"] for i in told["items"])


def saved(t):
    t.run("add", "contacts", "--all")
    return t.run("backup")


def lines(card):
    """The lines of a card, unfolded, but for what the service adds or changes with every write."""
    unfolded = card.replace("\r\n ", "").replace("\r\n", "\n").strip().split("\n")
    return {line for line in unfolded if not line.startswith(("REV:", "X-EVOLUTION-"))}


ANNA = card("Anna Schmidt", "anna-1", "TEL;TYPE=CELL:+4917012345", "X-KEEP;X-P=1:yes", "item1.URL:http://a.example/",
            "item1.X-ABLabel:Shop")
BEN = card("Ben Meier", "ben-1", "EMAIL:ben@example.org", "PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgoAAAANSUhEUg==")


def test_contacts_come_back_on_a_blank_desktop_as_they_were(pair):
    a, b = pair
    a.eds("contacts", "add", ANNA, BEN)
    assert {i["name"] for i in a.run("items", "contacts")} == {"Anna Schmidt", "Ben Meier"}
    saved(a)
    told = b.run("restore", "contacts", "--from", a.device)
    assert results(told) == {"added": 2}
    mine, theirs = (sorted(map(lines, t.eds("contacts", "list")), key=str) for t in (a, b))
    assert {frozenset(x) for x in mine} == {frozenset(x) for x in theirs}
    again = b.eds("contacts", "list")
    assert results(b.run("restore", "contacts", "--from", a.device)) == {"identical": 2}
    assert b.eds("contacts", "list") == again, "a second restore wrote something"


def test_a_contact_written_within_the_second_of_the_one_before_is_seen(make_desktop, server):
    """Each client starts the service anew, and its revision is a second and a counter from 0."""
    t = make_desktop()
    t.init(server)
    t.gnome("contacts", "eds-contacts")
    for i in range(12):
        t.eds("contacts", "add", card(f"Nr {i}", f"nr-{i}"))
        assert len(t.run("items", "contacts")) == i + 1


def test_whatever_another_program_writes_meanwhile_no_contact_is_missing(make_desktop, server):
    """More contacts than a step of the walk, some with nothing to be sorted by; one that is renamed to and fro passes
    the walk from either side."""
    t = make_desktop()
    t.init(server)
    t.gnome("contacts", "eds-contacts")
    stays = {f"stays-{i}" for i in range(200)}
    t.eds("contacts", "add-all", *[card(f"Name {i % 9}", f"stays-{i}") if i % 3 else
                                   f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:stays-{i}\r\nTEL:+49170{i:05}\r\nEND:VCARD\r\n"
                                   for i in range(200)])
    with t.churning() as writes:
        for _ in range(8):
            before = writes()
            there = {i["id"] for i in t.run("items", "contacts", expect=None)}
            # A service that is too busy to be read is told; never are some of them silently not there.
            assert stays <= there or (not there and t.stderr), t.stderr
            wait_until(lambda: writes() > before, "another write")
    assert {i["id"] for i in t.run("items", "contacts")} - {"churn"} == stays


def test_both_sides_changed_are_merged_field_by_field_and_undone(pair):
    a, b = pair
    a.eds("contacts", "add", ANNA, BEN)
    b.eds("contacts", "add", ANNA, BEN)
    a.eds("contacts", "modify", ANNA.replace("END:", "NOTE:likes tea\r\nTEL:+4917055555\r\nEND:"))
    b.eds("contacts", "modify", ANNA.replace("END:", "EMAIL:anna@example.org\r\nEND:"))
    before = {x for c in b.eds("contacts", "list") for x in lines(c)}
    saved(a)
    with b.watching("contacts") as heard:
        told = b.run("restore", "contacts", "--from", a.device)
        assert results(told) == {"merged": 1, "identical": 1}
        assert heard.stdout.readline() == "modified anna-1\n"
    now = {x for c in b.eds("contacts", "list") for x in lines(c)}
    assert before < now
    assert {x.split(":")[-1] for x in now - before} == {"likes tea", "+4917055555"}
    assert results(b.run("restore", "contacts", "--from", a.device)) == {"identical": 2}
    b.run("undo")
    assert {x for c in b.eds("contacts", "list") for x in lines(c)} == before


def test_what_an_iphone_exports_is_merged_into_what_evolution_has(pair):
    _, b = pair
    folder, = corpus.folder("contacts/ez-vcard/io/text")
    b.eds("contacts", "add", (folder / "John_Doe_EVOLUTION.vcf").read_text())
    told = b.run("import", "contacts", folder / "John_Doe_IPHONE.vcf")
    assert results(told) in ({"merged": 1}, {"added": 1})
    there = b.eds("contacts", "list")
    assert results(b.run("import", "contacts", folder / "John_Doe_IPHONE.vcf")) == {"identical": 1}
    assert b.eds("contacts", "list") == there


def test_what_gnome_has_is_found_by_itself(make_desktop, server):
    gnome = make_desktop()
    gnome.init(server)
    gnome.eds("contacts", "add", ANNA)
    gnome.eds("events", "add", "BEGIN:VEVENT\r\nUID:e\r\nDTSTART:20240102\r\nSUMMARY:Tea\r\nEND:VEVENT\r\n")
    found = {a["name"]: a["adapter"] for a in gnome.run("apps")}
    assert found["contacts"] == "eds-contacts" and found["calendar"] == "eds-calendar", found
    gnome.run("add", "contacts", "Anna Schmidt")
    gnome.run("add", "calendar", "--all")
    gnome.run("backup")
    assert [i["name"] for i in gnome.run("items", "calendar")] == ["Tea"]


def test_another_book_is_the_one_that_is_named(make_desktop, server):
    gnome = make_desktop()
    gnome.init(server)
    gnome.eds("contacts", "add", ANNA)
    folder = gnome.folder / ".local/share/evolution"
    gnome.run("apps", "add", "one", "--adapter", "eds-contacts", "--path", folder,
              "--set", "source=system-address-book")
    assert len(gnome.run("items", "one")) == 1
    error = gnome.error("apps", "add", "two", "--adapter", "eds-contacts", "--path", folder,
                        "--set", "source=no-such-book")
    assert error["code"] == "not-found" and "no such book" in error["message"], error
    error = gnome.error("apps", "add", "two", "--adapter", "eds-contacts", "--path", folder,
                        "--set", "source=system-calendar")
    assert error["code"] == "not-found", error
