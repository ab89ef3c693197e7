# SPDX-License-Identifier: Apache-2.0
"""Before anything is written a person sees each field: the same, only here, to come, or held."""
import pytest

from phone import card

BACKUP = {"anna": card("Anna", uid="anna", tel=["+491", "+492"], lines=["BDAY:19800101", "NOTE:both"]),
          "ben": card("Ben", uid="ben", tel="+4930555012", lines=["TITLE:Boss"])}
HERE = card("Anna", uid="anna", tel="+491", lines=["BDAY:19810101", "NOTE:both", "EMAIL:anna@example.org"])


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal("a phone that looks first")
    t.init(server)
    t.contacts(BACKUP)
    t.documents({"a.txt": b"saved", "b.txt": b"b"})
    t.run("add", "contacts", "--all")
    t.run("add", "documents", "--all")
    t.run("backup")
    (t.phone / "contacts/anna.vcf").write_bytes(HERE)
    (t.phone / "contacts/ben.vcf").unlink()
    (t.phone / "documents/a.txt").write_bytes(b"changed here")
    yield t


def groups(item):
    return {which: [(f["field"], f["value"]) for f in item[f"fields_{which}"]]
            for which in ("same", "stays", "added", "held")}


def one(told):
    [item] = told["items"]
    return item


def test_each_field_of_a_contact_stands_in_one_of_four_groups(phone):
    item = one(phone.run("restore", "contacts", "anna", "--preview"))
    assert item["result"] == "merged" and item["reason"] == "same id"
    assert groups(item) == {
        "same": [("FN", "Anna"), ("N", "Anna"), ("TEL", "+491"), ("NOTE", "both")],
        "stays": [("EMAIL", "anna@example.org")],
        "added": [("TEL", "+492")],
        "held": [("BDAY", "19800101")]}


def test_a_new_contact_shows_all_that_will_come(phone):
    item = one(phone.run("restore", "contacts", "ben", "--preview"))
    assert item["result"] == "added"
    assert groups(item)["added"] == [("FN", "Ben"), ("N", "Ben"), ("TEL", "+4930555012"), ("TITLE", "Boss")]
    assert not any(groups(item)[which] for which in ("same", "stays", "held"))


def test_a_match_by_name_says_by_which_number(phone):
    path = phone.phone / "contacts/other.vcf"
    path.write_bytes(card("Ben", uid="other", tel="+49 30 555 012"))
    try:
        item = one(phone.run("restore", "contacts", "ben", "--preview"))
        assert item["result"] == "merged"
        assert item["reason"] == "same name and same number ending 12"
        assert groups(item)["added"] == [("TITLE", "Boss")]
    finally:
        path.unlink()


def test_a_file_shows_its_content_as_a_field(phone):
    told = {i["id"]: i for i in phone.run("restore", "documents", "--preview")["items"]}
    assert groups(told["b.txt"]) == {"same": [("content", "1 bytes")], "stays": [], "added": [], "held": []}
    assert groups(told["a.txt"])["added"] == [("content", "5 bytes")]
    assert groups(told["a.txt"])["stays"] == [("content", "other content")]


def test_people_read_the_groups_as_a_list(phone):
    text = phone.run("restore", "contacts", "anna", "--preview", json=False)
    order = [text.index(words) for words in
             ("the same:", "NOTE  both", "stays, only here:", "EMAIL  anna@example.org", "will be added:",
              "TEL  +492", "held, not applied:", "BDAY  stays 19810101; the backup has 19800101")]
    assert order == sorted(order)


def test_the_preview_of_one_field_tells_of_that_field(phone):
    item = one(phone.run("restore", "contacts", "anna", "--field", "BDAY", "--preview"))
    assert groups(item)["added"] == [] and groups(item)["held"] == [("BDAY", "19800101")]
    item = one(phone.run("restore", "contacts", "anna", "--field", "TEL=+492", "--version", "1", "--preview"))
    assert groups(item)["added"] == [("TEL", "+492")] and groups(item)["held"] == []


def test_a_field_that_the_backup_lacks_is_a_named_failure(phone):
    before = (phone.phone / "contacts/anna.vcf").read_bytes()
    item = one(phone.run("restore", "contacts", "anna", "--field", "NOPE", expect=3))
    assert item["result"] == "failed" and "no such field" in item["reason"] and "BDAY" in item["reason"]
    item = one(phone.run("restore", "contacts", "anna", "--field", "TEL=+499", "--preview", expect=3))
    assert item["result"] == "failed"
    assert (phone.phone / "contacts/anna.vcf").read_bytes() == before


def test_a_field_that_nothing_has_is_an_error(phone):
    assert phone.error("restore", "contacts", "--field", "NOPE")["code"] == "not-found"


def test_contacts_without_the_field_are_passed_over(phone):
    told = phone.run("restore", "contacts", "--field", "BDAY", "--preview")
    assert {i["id"]: i["result"] for i in told["items"]} == {"anna": "merged", "ben": "skipped"}


def test_the_cloud_of_an_unknown_app_is_an_error_that_names_the_known_ones(phone):
    error = phone.error("cloud", "contact")
    assert error["code"] == "not-found" and "contact" in error["message"]
    assert "contacts" in error["hint"] and "documents" in error["hint"]
    phone.app("empty", "files", {})
    assert phone.run("cloud", "empty") == []


def test_what_came_back_whole_is_proven_and_nothing_else(phone, make_terminal):
    def proven():
        return {i["id"]: i["proven_at"] for app in ("contacts", "documents") for i in phone.run("box", app)}

    assert set(proven().values()) == {None}
    phone.run("restore", "--preview")
    assert set(proven().values()) == {None}
    phone.run("restore", "contacts", "anna")
    assert [id for id, at in proven().items() if at] == ["anna"]
    phone.run("restore", "contacts", "ben", "--version", "1")  # its newest
    assert [id for id, at in proven().items() if at] == ["anna", "ben"]
    (phone.phone / "documents/a.txt").unlink()
    phone.run("restore", "documents")
    assert proven()["a.txt"]
    other = make_terminal("another phone")  # what another terminal fetches proves nothing here
    before = proven()
    other.join(phone)
    other.run("restore", "contacts", "--from", phone.device, "--create", other.phone)
    assert proven() == before
