# SPDX-License-Identifier: Apache-2.0
"""Choosing: apps, items, shortcuts, the question about one that exists, selecting, forgetting."""
import json

import pytest

from phone import card
from programs import by_name, named, tree

CARDS = {"anna": card("Anna", uid="uid-anna", tel="+491701"),
         "ben": card("Ben", uid="uid-ben", tel="+491702"),
         "chloe": card("Chloé 李", uid="uid-chloe", tel="+491703"),
         "double1": card("Double", uid="uid-d1", tel="+491704"),
         "double2": card("Double", uid="uid-d2", tel="+491705")}


@pytest.fixture(scope="module")
def account(make_terminal, server):
    t = make_terminal()
    t.init(server)
    t.folder = t.contacts(CARDS)
    return t


@pytest.fixture
def phone(account):
    """The contacts as they were, and an empty folder in the Box."""
    account.contacts(CARDS)
    account.run("remove", "contacts", "--all")
    yield account
    for path in account.folder.iterdir():
        path.unlink()


def shortcuts(phone):
    return {s["name"]: s for s in phone.run("box", "contacts")}


@pytest.fixture
def fresh(make_terminal, server):
    """A terminal in a fresh account."""
    t = make_terminal()
    t.init(server)
    return t


# Apps and items

def test_an_app_that_was_added_is_listed_with_its_counts(phone):
    phone.run("add", "contacts", "Anna", "Ben")
    contacts = by_name(phone.run("apps"))["contacts"]
    assert contacts == {"name": "contacts", "adapter": "vcard", "path": str(phone.folder),
                        "items": len(CARDS), "in_box": 2}


def test_an_app_that_was_removed_takes_its_shortcuts_along_and_leaves_the_data(fresh):
    t = fresh
    folder = t.documents({"a.txt": b"a", "b.txt": b"b"})
    t.run("add", "documents", "--all")
    assert t.run("apps", "remove", "documents") == {"changed": 1}
    assert "documents" not in named(t.run("apps"))
    assert "documents" not in [f["app"] for f in t.run("box")]
    assert tree(folder) == {"a.txt": b"a", "b.txt": b"b"}


def test_adding_a_known_app_again_sets_its_path_and_keeps_its_shortcuts(fresh):
    t = fresh
    old = t.documents({"a.txt": b"a"})
    t.run("add", "documents", "a.txt")
    new = old.parent / "moved"
    old.rename(new)
    t.run("apps", "add", "documents", "--adapter", "files", "--path", new)
    assert by_name(t.run("apps"))["documents"]["path"] == str(new)
    assert named(t.run("box", "documents")) == ["a.txt"]


@pytest.mark.parametrize("args", [
    ("box", "--adapter", "files", "--path", "."), ("Big", "--adapter", "files", "--path", "."),
    ("a" * 65, "--adapter", "files", "--path", "."), ("notes",),
    ("notes", "--adapter", "files")])
def test_a_bad_app_name_or_a_missing_option_is_wrong_usage(account, args):
    assert account.error("apps", "add", *args, expect=2)["message"]


def test_an_unknown_adapter_is_refused_with_those_there_are(account):
    told = account.error("apps", "add", "notes", "--adapter", "telepathy", "--path", ".")
    assert "vcard" in json.dumps(told) and "files" in json.dumps(told)


def test_items_are_listed_by_name_and_marked(phone):
    phone.run("add", "contacts", "Ben")
    items = phone.run("items", "contacts")
    assert named(items) == ["Anna", "Ben", "Chloé 李", "Double", "Double"]
    assert [item["in_box"] for item in items] == [False, True, False, False, False]
    assert items[0]["id"] == "uid-anna" and items[0]["type"] == "text/vcard"
    assert items[0]["size"] == len(CARDS["anna"])


def test_items_can_be_narrowed(phone):
    assert named(phone.run("items", "contacts", "chlo")) == ["Chloé 李"]
    assert named(phone.run("items", "contacts", "*n*")) == ["Anna", "Ben"]


# P3

def test_the_first_shortcut_makes_the_folder(phone):
    assert "contacts" not in [f["app"] for f in phone.run("box") if f["shortcuts"]]
    told = phone.run("add", "contacts", "Anna")
    assert named(told["added"]) == ["Anna"] and told["expected_bytes"] > 0
    folder = [f for f in phone.run("box") if f["app"] == "contacts"]
    assert [f["shortcuts"] for f in folder] == [1]


def test_a_shortcut_has_path_name_type_and_size(phone):
    phone.run("add", "contacts", "Chloé 李", "--selected")
    told = shortcuts(phone)["Chloé 李"]
    assert told["path"] == "chloe.vcf" and told["type"] == "text/vcard"
    assert told["size"] == len(CARDS["chloe"]) and told["id"] == "uid-chloe"
    assert told["selected"] is True and told["state"] == "new"
    assert told["saved_at"] is None and told["versions"] == 0 and told["proven_at"] is None


def test_one_several_and_all_can_be_added(phone):
    assert len(phone.run("add", "contacts", "Anna")["added"]) == 1
    assert len(phone.run("add", "contacts", "uid-ben", "uid-d1")["added"]) == 2
    told = phone.run("add", "contacts", "--all", "--no")
    assert len(told["added"]) == 2 and len(told["kept"]) == 3


def test_a_question_without_a_terminal_is_wrong_usage_and_names_the_flags(phone):
    phone.run("add", "contacts", "Anna")
    before = phone.run("box", "contacts")
    told = phone.error("add", "contacts", "Anna", "Ben", expect=2)
    assert "--yes" in told["hint"] and "--no" in told["hint"]
    assert phone.run("box", "contacts") == before


def rename(phone):
    """Anna's shortcut is out of date."""
    phone.run("add", "contacts", "Anna")
    (phone.folder / "anna.vcf").rename(phone.folder / "anna moved.vcf")


def test_yes_updates_the_shortcut(phone):
    rename(phone)
    told = phone.run("add", "contacts", "Anna", "--yes")
    assert named(told["updated"]) == ["Anna"] and not told["added"] and not told["kept"]
    assert shortcuts(phone)["Anna"]["path"] == "anna moved.vcf"


def test_no_leaves_everything_as_it_was(phone):
    phone.run("add", "contacts", "Anna", "--selected")
    before = phone.run("box", "contacts")
    told = phone.run("add", "contacts", "Anna", "--no")
    assert named(told["kept"]) == ["Anna"] and not told["added"] and not told["updated"]
    assert phone.run("box", "contacts") == before


def test_the_question_is_asked_on_a_terminal_and_the_answer_is_obeyed(phone):
    rename(phone)
    screen = phone.typed("add", "contacts", "Anna", answers=[(r"\[y/N\]", "what?"), (r"\[y/N\]", "n")])
    assert "Anna is in the Box already" in screen and "stays as it was" in screen
    screen = phone.typed("add", "contacts", "Anna", answers=[(r"\[y/N\]", "y")])
    assert "updated" in screen
    assert shortcuts(phone)["Anna"]["path"] == "anna moved.vcf"


def test_yes_and_no_together_are_wrong_usage(phone):
    phone.error("add", "contacts", "Anna", "--yes", "--no", expect=2)


# Items that are not what was meant

def test_an_unknown_item_is_refused_and_changes_nothing(phone):
    told = phone.error("add", "contacts", "Anna", "Nobody")
    assert told["code"] == "not-found" and "Nobody" in told["message"]
    assert phone.run("box", "contacts") == []


def test_an_ambiguous_item_lists_the_candidates(phone):
    told = phone.error("add", "contacts", "Double")
    assert told["code"] == "ambiguous"
    text = told["message"] + told["hint"]
    assert "uid-d1" in text and "uid-d2" in text
    assert phone.run("box", "contacts") == []


def test_an_unknown_app_is_refused(phone):
    assert phone.error("items", "telegrams")["code"] == "not-found"
    assert phone.error("add", "telegrams", "--all")["code"] == "not-found"


def test_neither_items_nor_all_or_both_is_wrong_usage(phone):
    phone.error("add", "contacts", expect=2)
    phone.error("add", "contacts", "Anna", "--all", expect=2)
    phone.error("frobnicate", expect=2)
    phone.error("add", expect=2)


def test_two_dashes_end_the_options(fresh):
    t = fresh
    t.documents({"--all": b"a file named like an option", "b": b""})
    assert named(t.run("add", "documents", "--", "--all")["added"]) == ["--all"]


# Looking, selecting, removing, forgetting

def test_selected_shortcuts_are_backed_up_alone(phone):
    phone.run("add", "contacts", "--all")
    assert phone.run("select", "contacts", "Anna", "Ben") == {"changed": 2}
    assert phone.run("unselect", "contacts", "Ben") == {"changed": 1}
    assert [s["name"] for s in phone.run("box", "contacts") if s["selected"]] == ["Anna"]
    for card_file in ("anna", "ben"):
        path = phone.folder / f"{card_file}.vcf"
        path.write_bytes(path.read_bytes().replace(b"END:", b"NOTE:selected\r\nEND:"))
    assert named(phone.run("backup", "--selected")["uploaded"]) == ["Anna"]
    assert shortcuts(phone)["Ben"]["state"] != "saved"
    assert phone.run("unselect", "contacts", "--all") == {"changed": 1}
    assert phone.run("select", "contacts", "--all") == {"changed": len(CARDS)}


def test_an_app_or_single_items_can_be_backed_up(phone):
    phone.run("add", "contacts", "--all")
    for path in phone.folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"END:", b"NOTE:single\r\nEND:"))
    assert named(phone.run("backup", "contacts", "Anna", "uid-d2")["uploaded"]) == ["Anna", "Double"]
    assert len(phone.run("backup", "contacts")["uploaded"]) == len(CARDS) - 2


def test_a_changed_item_is_shown_as_changed(phone):
    phone.run("add", "contacts", "Anna")
    phone.run("backup")
    assert shortcuts(phone)["Anna"]["state"] == "saved" and shortcuts(phone)["Anna"]["saved_at"]
    path = phone.folder / "anna.vcf"
    path.write_bytes(path.read_bytes().replace(b"+491701", b"+491799"))
    assert shortcuts(phone)["Anna"]["state"] == "changed"


def test_a_vanished_item_is_missing_kept_and_reported(phone):
    phone.run("add", "contacts", "Anna", "Ben")
    phone.run("backup")
    (phone.folder / "anna.vcf").unlink()
    assert shortcuts(phone)["Anna"]["state"] == "missing"
    told = phone.run("backup")
    assert told["failed"] == [] and named(told["missing"]) == ["Anna"]
    assert "Anna" in phone.run("backup", json=False)
    assert "Anna" in named(phone.run("cloud", "contacts"))


def test_removing_a_shortcut_leaves_data_and_backup(phone):
    phone.run("add", "contacts", "Anna", "Ben")
    phone.run("backup")
    before = tree(phone.folder)
    assert phone.run("remove", "contacts", "Anna") == {"changed": 1}
    assert list(shortcuts(phone)) == ["Ben"]
    assert phone.run("backup")["uploaded"] == []
    assert tree(phone.folder) == before
    assert {"Anna", "Ben"} <= set(named(phone.run("cloud", "contacts")))


def test_a_forgotten_item_is_listed_in_the_cloud_no_more(make_terminal, server):
    t = make_terminal()
    t.init(server)
    folder = t.contacts(CARDS)
    t.run("add", "contacts", "--all")
    t.run("backup")
    assert t.run("forget", "contacts", "Anna") == {"changed": 1}
    assert "Anna" not in named(t.run("cloud", "contacts"))
    assert tree(folder) == {f"{name}.vcf": raw for name, raw in CARDS.items()}
    assert t.run("backup")["uploaded"] == []  # nothing brings it back by itself
    t.run("add", "contacts", "Anna")
    t.run("backup")
    assert "Anna" in named(t.run("cloud", "contacts"))  # but the person can
    assert [v["version"] for v in t.run("history", "contacts", "Anna")] == [3, 2, 1]
    assert t.run("forget", "contacts", "--all") == {"changed": len(CARDS)}
    assert t.run("cloud") == []
