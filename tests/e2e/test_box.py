# SPDX-License-Identifier: Apache-2.0
"""The Box itself: it rides along, shrinks, comes back, and outlives an app that is away (P27)."""
import pytest

from phone import card, people
from programs import named, tree


@pytest.fixture
def phone(make_terminal, relayed):
    t = make_terminal()
    t.init(relayed[0])
    return t


def taken_over(phone, make_terminal):
    t = make_terminal()
    t.join(phone)
    t.run("restore", "box", "--from", phone.device)
    return t


def test_a_selection_alone_makes_no_request_and_rides_with_the_next_item(phone, relayed, make_terminal):
    _, relay = relayed
    folder = phone.contacts(people(3))
    phone.run("add", "contacts", "--all")
    phone.run("backup")
    phone.run("select", "contacts", "uid-1-1")
    assert phone.run("backup")["requests"] == 0
    (folder / "p00000.vcf").write_bytes(card("Zero", uid="uid-1-0"))
    relay.forget()
    assert len(phone.run("backup")["uploaded"]) == 1
    assert relay.requests == ["/v1/batches"]
    t = taken_over(phone, make_terminal)
    assert [s["id"] for s in t.run("box", "contacts") if s["selected"]] == ["uid-1-1"]


def test_a_box_that_shrank_comes_back_as_it_is_now(phone, make_terminal):
    cards = people(150)  # four parts, then one
    folder = phone.contacts(cards)
    phone.run("add", "contacts", "--all")
    phone.run("backup")
    assert len(taken_over(phone, make_terminal).run("box", "contacts")) == 150
    phone.run("remove", "contacts", *[f"uid-1-{i}" for i in range(10, 150)])
    (folder / "p00000.vcf").write_bytes(card("Zero", uid="uid-1-0"))
    phone.run("backup")
    assert sorted(s["id"] for s in taken_over(phone, make_terminal).run("box", "contacts")) == \
        [f"uid-1-{i}" for i in range(10)]
    phone.run("add", "contacts", "--all", "--no")
    (folder / "p00000.vcf").write_bytes(card("Nil", uid="uid-1-0"))
    phone.run("backup")
    assert len(taken_over(phone, make_terminal).run("box", "contacts")) == 150


def test_an_app_that_exists_here_keeps_its_path_and_its_shortcuts(phone, make_terminal):
    phone.contacts(people(2))
    phone.run("add", "contacts", "--all")
    phone.run("backup")
    t = make_terminal()
    t.join(phone)
    here = t.contacts({"own": card("My Own", uid="own", tel="+491")})
    t.run("add", "contacts", "own")
    t.run("restore", "box", "--from", phone.device)
    [app] = [a for a in t.run("apps") if a["name"] == "contacts"]
    assert app["path"] == str(here)
    assert {s["id"] for s in t.run("box", "contacts")} == {"own", "uid-1-0", "uid-1-1"}
    assert t.run("restore", "box", "--from", phone.device)["written"] == 0  # twice is once


def test_an_app_that_is_not_here_waits_in_the_box(phone, make_terminal):
    folder = phone.contacts(people(2))
    phone.run("add", "contacts", "--all")
    phone.run("backup")
    folder.rename(folder.parent / "on another phone")
    t = taken_over(phone, make_terminal)
    assert [s["id"] for s in t.run("box", "contacts")] == ["uid-1-0", "uid-1-1"]
    told = t.run("backup", expect=3)
    assert told["uploaded"] == [] and told["failed"]


def test_a_folder_that_is_away_is_no_loss(phone):
    """An unmounted card: nothing is forgotten, and when it is back nothing is sent."""
    folder = phone.contacts(people(5))
    phone.run("add", "contacts", "--all")
    phone.run("backup")
    folder.rename(folder.parent / "away")
    told = phone.run("backup", expect=3)
    assert told["uploaded"] == []
    [failed] = told["failed"]
    assert str(folder) in failed["reason"] and "cloudbox apps add contacts" in failed["reason"]
    assert failed["id"] == failed["name"] == failed["app"] == "contacts"
    assert len(phone.run("box", "contacts")) == 5 and len(phone.run("cloud")) == 5
    (folder.parent / "away").rename(folder)
    assert phone.run("backup")["requests"] == 0
    assert {s["state"] for s in phone.run("box", "contacts")} == {"saved"}


def test_an_empty_folder_is_no_loss_either(phone):
    folder = phone.contacts(people(5))
    phone.run("add", "contacts", "--all")
    phone.run("backup")
    for path in folder.iterdir():
        path.unlink()
    told = phone.run("backup")
    assert len(told["missing"]) == 5 and len(phone.run("cloud")) == 5
    assert phone.run("restore")["written"] == 5
    assert phone.run("backup")["uploaded"] == []
    assert {s["versions"] for s in phone.run("box", "contacts")} == {1}


def test_what_a_restore_merged_is_a_version_of_its_own_at_the_next_backup(phone):
    folder = phone.contacts({"a": card("A", uid="a", tel=["+491", "+492"])})
    phone.run("add", "contacts", "a")
    phone.run("backup")
    (folder / "a.vcf").write_bytes(card("A", uid="a", tel=["+491", "+493"]))
    assert phone.run("restore")["written"] == 1
    assert named(phone.run("backup")["uploaded"]) == ["A"]
    newest = phone.run("history", "contacts", "a")
    assert [v["version"] for v in newest] == [2, 1]
    assert phone.run("backup")["requests"] == 0


def test_two_devices_of_one_account_merge_each_others_changes(phone, make_terminal):
    """Restored crosswise until both have everything; then nothing moves any more."""
    a, b = phone, make_terminal()
    b.join(a)
    for t, number, mail in ((a, "+491", "a"), (b, "+492", "b")):
        t.contacts({"x": card("Shared", uid="s", tel=["+490", number], lines=[f"EMAIL:{mail}@x.org"]),
                    mail: card(f"Only {mail}", uid=mail, tel=f"+4977{number[3:]}")})
        t.run("add", "contacts", "--all")
        t.run("backup")
    for t, other in ((a, b), (b, a)):
        t.run("restore", "--from", other.device)
    for t in (a, b):
        t.run("add", "contacts", "--all", "--no")
        t.run("backup")
    assert a.run("restore", "--from", b.device)["written"] == 0
    assert b.run("restore", "--from", a.device)["written"] == 0
    for t in (a, b):
        files = tree(t.phone / "contacts")
        assert len(files) == 3
        for part in (b"+490", b"+491", b"+492", b"a@x.org", b"b@x.org"):
            assert files["x.vcf"].count(part) == 1
