# SPDX-License-Identifier: Apache-2.0
"""What an expression means gets a shortcut, after its cost was shown; a rule that keeps the expression puts
what comes later into the Box by itself, leaves out what a person took out, and looks at what changed only."""
import os
import resource
import sqlite3
import struct

import pytest

from phone import card, jpeg, people
from programs import BUILD

LIBRARY = BUILD / "tests/fault/libfault.so"

HEAD = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n"


def smses(*messages):
    return (HEAD + f'<smses count="{len(messages)}">\n' + "".join(
        f'<sms address="{whom}" date="{at}000" type="1" body="{body}" contact_name="(Unknown)" />\n'
        for whom, body, at in messages) + "</smses>").encode()


def photo(taken, seed):
    """A JPEG whose Exif says when it was taken: "2026:05-03 10:00:00" as Exif writes it."""
    when = taken.encode() + b"\0"
    ifd = struct.pack("<HHHII", 1, 0x8769, 4, 1, 26) + struct.pack("<I", 0)
    exif = struct.pack("<HHHII", 1, 0x9003, 2, len(when), 44) + struct.pack("<I", 0)
    tiff = b"II*\0" + struct.pack("<I", 8) + ifd + exif + when
    app1 = b"Exif\0\0" + tiff
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(app1) + 2) + app1 + jpeg(400, seed)[2:]


def family(name, uid, *groups):
    return card(name, uid=uid, tel="+4930123456", lines=[f"CATEGORIES:{','.join(groups)}"] if groups else [])


FOUR = {"ada": family("Ada", "ada", "Family", "Club"), "bob": family("Bob", "bob", "Work"),
        "cem": family("Cem", "cem", "family"), "dan": family("Dan", "dan")}


@pytest.fixture
def phone(make_terminal, server):
    t = make_terminal()
    t.init(server)
    return t


@pytest.fixture
def ruled(phone):
    """A phone with four contacts and the rule that the family is backed up."""
    phone.folder_of_contacts = phone.contacts(FOUR)
    phone.run("add", "contacts", "--where", "group=Family", "--rule", "family", "--yes")
    phone.run("backup")
    return phone


def names(items):
    return sorted(item["name"] for item in items)


def in_box(t, app="contacts"):
    return names(t.run("box", app))


def put(t, name, card_):
    """One more contact, or another one in its place."""
    (t.folder_of_contacts / f"{name}.vcf").write_bytes(card_)


# ---- add --where

def test_contacts_are_added_by_group_after_their_cost_was_shown(phone):
    phone.contacts(FOUR)
    screen = phone.typed("add", "contacts", "--where", "group=Family",
                         answers=[(r"2 items of contacts, for which the next backup will send .*B\. Put them "
                                   r"into the Box\?", "no")], expect=1)
    assert "nothing was added" in screen
    assert phone.run("box") == []
    told = phone.run("add", "contacts", "--where", "group=Family", "--yes")
    assert names(told["added"]) == ["Ada", "Cem"] and told["expected_bytes"] > 0 and "rule" not in told
    assert len(phone.run("backup")["uploaded"]) == 2


def test_numbers_are_compared_as_merging_compares_them(phone):
    phone.contacts({"a": card("Abroad", uid="a", tel="+49 30 123-456"), "h": card("Home", uid="h", tel="(030) 123456"),
                    "m": card("Mail", uid="m", lines=["EMAIL:Ada@EXAMPLE.org"])})

    def met(expression):
        return names(phone.run("items", "contacts", "--where", expression))

    phone.run("region", "none")
    assert met("address=+4930123456") == ["Abroad"] and met("number=030123456") == ["Home"]
    phone.run("region", "DE")
    assert met("address=+4930123456") == met("number='030/12 34 56'") == ["Abroad", "Home"]
    assert met("mail=ada@example.ORG") == met("address=*@example.org") == ["Mail"]


def test_items_only_shows_what_an_expression_means(phone):
    phone.contacts(FOUR)
    assert names(phone.run("items", "contacts", "--where", "group=Family")) == ["Ada", "Cem"]
    assert names(phone.run("items", "contacts", "a", "--where", "group=Family")) == ["Ada"]
    assert "column 6" in phone.error("items", "contacts", "--where", "group", expect=2)["message"]
    assert phone.run("box") == []
    out = phone.phone / "family.vcf"
    phone.run("export", "contacts", "--where", "group=Family", "--to", out)
    assert out.read_bytes().count(b"BEGIN:VCARD") == 2
    phone.error("export", "contacts", "--where", "group=Nobody", "--to", phone.phone / "nobody.vcf")


def test_nothing_is_added_where_nobody_can_be_asked(phone):
    phone.contacts(FOUR)
    error = phone.error("add", "contacts", "--where", "group=Family", expect=2)
    assert "--yes" in error["hint"] + error["message"]
    assert phone.run("box") == []


def test_what_is_in_the_box_already_is_asked_about(phone):
    phone.contacts(FOUR)
    phone.run("add", "contacts", "ada")
    told = phone.run("add", "contacts", "--where", "group=Family or group=Work", "--yes")
    assert names(told["added"]) == ["Bob", "Cem"] and names(told["updated"]) == ["Ada"]


def test_photos_are_added_by_when_they_were_taken(phone):
    folder = phone.app("pictures", "files", {
        "DCIM/april.jpg": photo("2026:04:30 23:59:59", 1), "DCIM/may.jpg": photo("2026:05:01 00:00:00", 2),
        "Trips/june.jpg": photo("2026:06:11 12:00:00", 3), "Trips/notes.txt": b"not a picture\n"})
    for path in folder.rglob("*.*"):
        os.utime(path, (1500000000, 1500000000))  # 2017: copied from somewhere
    told = phone.run("add", "pictures", "--where", "type=image/* and since 2026-05", "--yes")
    assert names(told["added"]) == ["june.jpg", "may.jpg"]
    told = phone.run("add", "pictures", "--where", "date<2018 or (in Trips and size<100)", "--yes")
    assert names(told["added"]) == ["notes.txt"]


def test_messages_are_added_by_thread_and_by_address(phone):
    phone.app("messages", "sms-xml", {"sms.xml": smses(
        ("+4930111", "from Ada", 1600000001), ("+49 30 111", "again", 1600000002),
        ("+4930222", "from Bob", 1600000003), ("+4930111~+4930222", "to both", 1600000004))})
    assert len(phone.run("add", "messages", "--where", "thread=+4930111", "--yes")["added"]) == 2
    told = phone.run("add", "messages", "--where", "address=+49-30-111 and not thread=+4930111", "--yes")
    assert len(told["added"]) == 1
    assert len(phone.run("add", "messages", "--where", "text='from bob'", "--yes")["added"]) == 1


def test_bookmarks_are_added_by_folder(phone):
    page = ('<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<TITLE>Bookmarks</TITLE>\n<H1>Bookmarks</H1>\n<DL><p>\n'
            '<DT><H3>Travel</H3>\n<DL><p>\n<DT><A HREF="https://a.example/">A</A>\n<DT><H3>Norway</H3>\n<DL><p>\n'
            '<DT><A HREF="https://b.example/" TAGS="fjord">B</A>\n</DL><p>\n</DL><p>\n'
            '<DT><A HREF="https://c.example/">C</A>\n</DL><p>\n')
    file = phone.phone / "marks.html"
    file.write_text(page)
    phone.run("apps", "add", "marks", "--adapter", "bookmarks-html", "--path", file)
    assert names(phone.run("add", "marks", "--where", "folder=Norway", "--yes")["added"]) == ["B"]
    told = phone.run("add", "marks", "--where", "folder=travel and tag!=fjord", "--yes")
    assert names(told["added"]) == ["A"]


@pytest.mark.parametrize("expression, message", [
    ("grup=Family", "--where: column 1: expected group, "),
    ("group=Close friends", "--where: column 13: expected and, or, or the end, found friends"),
    ("size<5X", "--where: column 6: expected a size such as 500k, 5M or 2G, found 5X"),
    ("date>=May", "--where: column 7: expected a date such as 2026"),
    ("(group=a", "--where: column 9: expected and, or, or ), found the end"),
    ("", "--where: column 1: expected"),
])
def test_an_expression_that_is_wrong_says_where_and_what_would_be_right(phone, expression, message):
    phone.contacts(FOUR)
    error = phone.error("add", "contacts", "--where", expression, "--yes", expect=2)
    assert error["message"].startswith(message)
    assert phone.run("box") == []


def test_a_rule_needs_an_expression_and_a_name(phone):
    phone.contacts(FOUR)
    assert "--where" in phone.error("add", "contacts", "--all", "--rule", "all", expect=2)["message"]
    assert "no name" in phone.error("add", "contacts", "--where", "group=a", "--rule", "-x", "--yes",
                                    expect=2)["message"]
    phone.error("add", "contacts", "ada", "--where", "group=a", expect=2)
    assert phone.run("rules") == []


def test_shortcuts_are_selected_removed_saved_and_forgotten_by_expression(phone):
    phone.contacts(FOUR)
    phone.run("add", "contacts", "--all")
    assert phone.run("select", "contacts", "--where", "group=Family") == {"changed": 2}
    assert phone.run("unselect", "contacts", "--where", "group=club") == {"changed": 1}
    assert names(phone.run("backup", "contacts", "--where", "group=Work")["uploaded"]) == ["Bob"]
    phone.run("backup")
    assert phone.run("remove", "contacts", "--where", "group=family") == {"changed": 2}
    assert in_box(phone) == ["Bob", "Dan"]
    assert phone.run("forget", "contacts", "--where", "group=Work") == {"changed": 1}
    phone.error("forget", "contacts", "--where", "group=Nobody")
    phone.error("backup", "contacts", "--where", "group=Nobody")
    phone.error("backup", "--where", "group=Work", expect=2)
    assert names(phone.run("cloud", "contacts")) == ["Ada", "Cem", "Dan"]


def test_what_an_expression_means_of_the_backup_is_restored(ruled, make_terminal):
    ruled.run("add", "contacts", "--all", "--yes")
    ruled.app("messages", "sms-xml", {"sms.xml": smses(("+4930111", "from Ada", 1600000001),
                                                       ("+4930222", "from Bob", 1700000000))})
    ruled.run("add", "messages", "--all")
    ruled.app("pictures", "files", {"DCIM/april.jpg": photo("2026:04:30 23:59:59", 1),
                                    "DCIM/may.jpg": photo("2026:05:01 00:00:00", 2)})
    ruled.run("add", "pictures", "--all")
    ruled.run("backup")
    other = make_terminal()
    other.join(ruled)
    told = other.run("restore", "contacts", "--where", "group=Work or not group=*", "--create", other.phone / "new")
    assert sorted((i["name"], i["result"]) for i in told["items"]) == [("Bob", "added"), ("Dan", "added")]
    told = other.run("restore", "messages", "--where", "address=+49-30-111", "--create", other.phone / "new")
    assert len(told["items"]) == 1
    told = other.run("restore", "messages", "--where", "since 2023 and text=bob", "--create", other.phone / "new")
    assert [i["result"] for i in told["items"]] == ["added"]
    told = other.run("restore", "pictures", "--where", "since 2026-05 and in DCIM", "--create", other.phone / "new")
    assert [i["name"] for i in told["items"]] == ["may.jpg"]
    other.error("restore", "contacts", "--where", "group=Nobody")
    other.error("restore", "--where", "group=Work", expect=2)
    assert "column 7" in other.error("restore", "contacts", "--where", "group=", expect=2)["message"]


# ---- rules

def test_a_new_item_enters_by_itself_at_the_next_backup(ruled):
    put(ruled, "eve", family("Eve", "eve", "Family"))
    put(ruled, "fay", family("Fay", "fay", "Work"))
    assert names(ruled.run("backup")["uploaded"]) == ["Eve"]
    assert in_box(ruled) == ["Ada", "Cem", "Eve"]
    assert ruled.run("rules") == [{"name": "family", "app": "contacts", "where": "group=Family",
                                   "selected": False, "shortcuts": 3}]
    assert "group=Family" in ruled.run("rules", json=False)


def test_an_item_that_changes_enters_too(ruled):
    put(ruled, "dan", family("Dan", "dan", "FAMILY"))
    assert names(ruled.run("backup")["uploaded"]) == ["Dan"]


def test_an_app_without_shortcuts_is_looked_at_for_its_rules(phone):
    phone.folder_of_contacts = phone.contacts({"bob": FOUR["bob"]})
    told = phone.run("add", "contacts", "--where", "group=Family", "--rule", "家人", "--selected", "--yes")
    assert told["added"] == [] and told["rule"] == "家人"
    put(phone, "ada", FOUR["ada"])
    assert names(phone.run("backup", "--selected")["uploaded"]) == ["Ada"]
    assert [s["selected"] for s in phone.run("box", "contacts")] == [True]


def test_run_once_lets_new_items_in(ruled):
    ruled.run("auto", "all")
    put(ruled, "eve", family("Eve", "eve", "Family"))
    ruled.run("run", "--once")
    assert [s["state"] for s in ruled.run("box", "contacts") if s["name"] == "Eve"] == ["saved"]


def test_what_a_person_took_out_stays_out_until_the_person_puts_it_back(ruled):
    ruled.run("remove", "contacts", "ada")
    ruled.run("backup")
    put(ruled, "ada", family("Ada", "ada", "Family", "Chess"))
    ruled.run("backup")
    assert in_box(ruled) == ["Cem"]
    ruled.run("forget", "contacts", "cem")
    put(ruled, "cem", family("Cem", "cem", "Family", "Chess"))
    ruled.run("backup")
    assert in_box(ruled) == []
    ruled.run("add", "contacts", "ada")
    ruled.run("backup")
    assert in_box(ruled) == ["Ada"]


def test_all_that_was_taken_out_stays_out(ruled):
    ruled.run("remove", "contacts", "--all")
    for name, uid in (("Ada", "ada"), ("Cem", "cem")):
        put(ruled, uid, family(name, uid, "Family", "Chess"))
    put(ruled, "eve", family("Eve", "eve", "Family"))
    ruled.run("backup")
    assert in_box(ruled) == ["Eve"]


def test_a_rule_that_is_removed_leaves_its_shortcuts_and_makes_no_more(ruled):
    ruled.run("remove", "contacts", "ada")
    assert ruled.run("rules", "remove", "family") == {"changed": 1}
    put(ruled, "eve", family("Eve", "eve", "Family"))
    ruled.run("backup")
    assert in_box(ruled) == ["Cem"] and ruled.run("rules") == []
    assert "no rule" in ruled.error("rules", "remove", "family")["message"]
    # and what was taken out is forgotten with the last rule
    ruled.run("add", "contacts", "--where", "group=Family", "--rule", "again", "--yes")
    assert in_box(ruled) == ["Ada", "Cem", "Eve"]


def test_a_rule_of_the_same_name_gives_way_after_a_yes(ruled):
    ruled.error("add", "contacts", "--where", "group=Work", "--rule", "family", expect=2)
    ruled.error("add", "contacts", "--where", "group=Work", "--rule", "family", "--no")
    ruled.run("add", "contacts", "--where", "tag = 'Work'", "--rule", "family", "--yes")
    assert [r["where"] for r in ruled.run("rules")] == ["group=Work"]


def test_rules_and_what_was_taken_out_travel_with_the_box(ruled, make_terminal):
    ruled.run("remove", "contacts", "ada")
    put(ruled, "eve", family("Eve", "eve", "Family"))
    ruled.run("backup")
    new = make_terminal()
    new.join(ruled, "--replace", ruled.device)
    assert [(r["name"], r["where"]) for r in new.run("rules")] == [("family", "group=Family")]
    new.folder_of_contacts = new.contacts({**FOUR, "eve": family("Eve", "eve", "Family"),
                                           "fay": family("Fay", "fay", "Family")})
    new.run("backup")
    assert in_box(new) == ["Cem", "Eve", "Fay"]  # Ada was taken out on the phone that is gone

    other = make_terminal()
    other.join(new)
    other.contacts(FOUR)
    other.run("items", "contacts")  # it was looked at before the rule came
    other.run("restore", "box", "--from", new.device)
    assert sorted(s["id"] for s in other.run("box", "contacts")) == ["cem", "eve", "fay"]
    assert [r["name"] for r in other.run("rules")] == ["family"]


def test_a_rule_that_comes_with_a_box_looks_at_what_is_here(ruled, make_terminal):
    other = make_terminal()
    other.join(ruled)
    other.contacts({"gil": family("Gil", "gil", "Family"), "hal": family("Hal", "hal")})
    other.run("items", "contacts")
    other.run("restore", "box", "--from", ruled.device)
    assert sorted(s["id"] for s in other.run("box", "contacts")) == ["ada", "cem", "gil"]


def test_photos_since_may_enter_when_they_are_taken(phone):
    folder = phone.app("pictures", "files", {"a.jpg": photo("2026:05:02 10:00:00", 1)})
    phone.run("add", "pictures", "--where", "type=image and since 2026-05-01", "--rule", "since May", "--yes")
    phone.run("backup")
    (folder / "b.jpg").write_bytes(photo("2026:05:03 10:00:00", 2))
    (folder / "c.jpg").write_bytes(photo("2025:05:03 10:00:00", 3))
    (folder / "d.txt").write_bytes(b"text\n")
    assert names(phone.run("backup")["uploaded"]) == ["b.jpg"]
    shortcut = [s for s in phone.run("box", "pictures") if s["name"] == "b.jpg"][0]
    assert shortcut["type"] == "image/jpeg" and shortcut["taken_at"] == "2026-05-03T10:00:00"


def test_later_messages_of_a_thread_enter_by_themselves(phone):
    first = [("+4930111", "one", 1600000001), ("+4930222", "other", 1600000002)]
    folder = phone.app("messages", "sms-xml", {"sms.xml": smses(*first)})
    phone.run("add", "messages", "--where", "thread=+4930111", "--rule", "ada", "--yes")
    phone.run("backup")
    (folder / "sms.xml").write_bytes(smses(*first, ("+49 30 111", "two", 1600000003),
                                           ("+4930222", "other two", 1600000004)))
    assert len(phone.run("backup")["uploaded"]) == 1
    assert len(phone.run("box", "messages")) == 2


def test_a_rule_that_this_program_cannot_read_is_shown_with_the_reason(ruled):
    box = sqlite3.connect(ruled.home / "box.db")
    with box:
        box.execute("INSERT INTO settings VALUES ('rule-blue', ?)", (b"\1\0\x08contactscolour=blue",))
        box.execute("INSERT INTO settings VALUES ('rule-new', ?)", (b"\2what only later programs know",))
    box.close()
    rules = {r["name"]: r for r in ruled.run("rules")}
    assert "column 1" in rules["blue"]["problem"] and rules["blue"]["app"] == "contacts"
    assert "newer program" in rules["new"]["problem"] and rules["new"]["app"] is None
    assert "problem" not in rules["family"]
    put(ruled, "eve", family("Eve", "eve", "Family"))
    assert names(ruled.run("backup")["uploaded"]) == ["Eve"]
    ruled.run("rules", "remove", "new")


@pytest.mark.skipif(not LIBRARY.is_file(), reason=f"no {LIBRARY}: built without -Dtests")
def test_a_new_file_that_cannot_be_read_is_told_and_looked_at_by_the_next_backup(ruled):
    put(ruled, "eve", family("Eve", "eve", "Family"))
    told = ruled.run("backup", expect=3, env={
        "LD_PRELOAD": LIBRARY, "FAULT_CLASS": "read", "FAULT_DO": "EIO", "FAULT_AT": "1", "FAULT_EVER": "1",
        "FAULT_PATH": ruled.folder_of_contacts / "eve.vcf"})
    assert [(f["app"], f["id"]) for f in told["failed"]] == [("contacts", "contacts")]
    assert "no rule was asked" in told["failed"][0]["reason"]
    told = ruled.run("backup")
    assert names(told["uploaded"]) == ["Eve"] and told["failed"] == []


def test_an_app_that_is_removed_takes_its_rules_along(ruled):
    ruled.run("apps", "remove", "contacts")
    assert ruled.run("rules") == []


# ---- what it costs

def backup_cpu_s(t):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = t.run("backup")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return told, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def noted(t):
    """Items that are still to be looked at."""
    box = sqlite3.connect(f"file:{t.home}/box.db?mode=ro", uri=True)
    try:
        return box.execute("SELECT count(*) FROM due").fetchone()[0]
    finally:
        box.close()


def test_a_change_among_ten_thousand_items_costs_as_much_with_rules_as_without(phone):
    cards = list(people(10000).values())
    file = phone.phone / "all.vcf"

    def write():
        file.write_bytes(b"".join(cards))

    write()
    phone.run("apps", "add", "all", "--adapter", "vcard", "--path", file)
    phone.run("add", "all", "--where", "name=*7", "--yes")
    phone.run("backup")

    def change(i, group):
        """The card grows, so that all behind it move."""
        cards[i] = family(f"Changed {i}", f"uid-1-{i}", *([group] if group else []))
        write()
        told, cpu = backup_cpu_s(phone)
        return names(told["uploaded"]), cpu

    without = min(change(i, None)[1] for i in (0, 10, 20))
    phone.run("add", "all", "--where", "group=Family or address=+49301111", "--rule", "family", "--yes")
    phone.run("add", "all", "--where", "text=nobody and not name=Ada*", "--rule", "text", "--yes")
    told = [change(i, "Family") for i in (30, 40, 50)]
    assert [uploaded for uploaded, _ in told] == [["Changed 30"], ["Changed 40"], ["Changed 50"]]
    assert noted(phone) == 0
    with_rules = min(cpu for _, cpu in told)
    print(f"a backup after one change of 10,000: {without:.3f} s CPU, with two rules {with_rules:.3f} s")
    assert with_rules < without * 1.35 + 0.05
