# SPDX-License-Identifier: Apache-2.0
"""Getting it back: all, an app, an item, a version; previewed, twice, into an app that is not here;
and an item's history."""
import shutil

import pytest

from phone import card, noise, people
from programs import by_name, named, put, tree

CARDS = people(20)
FILES = {"a.txt": b"text a", "sub/b.bin": noise(50_000), "sub/c.txt": b""}
VERSIONS = [card("Zoë History", uid="zoe", tel="+491701", lines=["NOTE:one"]),
            card("Zoë History", uid="zoe", tel="+491702", lines=["NOTE:one"]),
            card("Zoë History", uid="zoe", tel="+491702", lines=["NOTE:three"])]


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    """Contacts and documents, all saved; one contact in three versions."""
    t = make_terminal("the saved phone")
    t.init(server)
    t.app("contacts", "vcard", {f"{n}.vcf": c for n, c in {**CARDS, "zoe": VERSIONS[0]}.items()})
    t.app("documents", "files", FILES)
    t.run("add", "contacts", "--all")
    t.run("add", "documents", "--all")
    t.run("backup")
    for raw in VERSIONS[1:]:
        (t.phone / "contacts" / "zoe.vcf").write_bytes(raw)
        t.run("backup")
    t.saved = tree(t.phone)
    yield t


@pytest.fixture(autouse=True)
def whole_phone(phone):
    """As it was saved."""
    yield
    for app in ("contacts", "documents"):
        shutil.rmtree(phone.phone / app, ignore_errors=True)
    put(phone.phone, phone.saved)


def lose(phone, *paths):
    for path in paths:
        (phone.phone / path).unlink()


def outcomes(told):
    return {(item["app"], item["id"]): item["result"] for item in told["items"]}


def test_nothing_lost_is_nothing_written(phone):
    told = phone.run("restore")
    assert set(outcomes(told).values()) == {"identical"}
    assert len(told["items"]) == len(phone.saved)
    assert told["written"] == 0 and tree(phone.phone) == phone.saved


def test_everything_lost_comes_back_and_a_second_restore_writes_nothing(phone):
    for app in ("contacts", "documents"):
        shutil.rmtree(phone.phone / app)
        (phone.phone / app).mkdir()
    told = phone.run("restore")
    assert set(outcomes(told).values()) == {"added"}
    assert told["written"] == len(phone.saved) and told["restore"]
    assert tree(phone.phone) == phone.saved
    before = stamps(phone.phone)
    again = phone.run("restore")
    assert again["written"] == 0 and set(outcomes(again).values()) == {"identical"}
    assert tree(phone.phone) == phone.saved and stamps(phone.phone) == before


def stamps(folder):
    """Whether a file was written at all, even with the same bytes."""
    return {str(p.relative_to(folder)): (p.stat().st_ino, p.stat().st_mtime_ns)
            for p in folder.rglob("*") if p.is_file()}


def test_one_app_comes_back_alone(phone):
    lose(phone, "contacts/p00003.vcf", "documents/a.txt")
    told = phone.run("restore", "documents")
    assert {app for app, _ in outcomes(told)} == {"documents"} and told["written"] == 1
    assert not (phone.phone / "contacts/p00003.vcf").exists()


def test_one_item_comes_back_alone(phone):
    lose(phone, "contacts/p00003.vcf", "contacts/p00004.vcf", "documents/a.txt", "documents/sub/b.bin")
    told = phone.run("restore", "contacts", "uid-1-3")
    assert outcomes(told) == {("contacts", "uid-1-3"): "added"} and told["written"] == 1
    assert phone.run("restore", "documents", "sub/b.bin")["written"] == 1
    assert phone.saved.keys() - tree(phone.phone).keys() == {"contacts/p00004.vcf", "documents/a.txt"}


def test_an_item_is_found_by_id_short_id_and_name(phone):
    lose(phone, "contacts/zoe.vcf")
    for item in ("zoe", "Zoë History"):
        assert outcomes(phone.run("restore", "contacts", item, "--preview")) == \
            {("contacts", "zoe"): "added"}


def test_the_cost_of_one_item_does_not_grow_with_what_lies_there(phone):
    lose(phone, "contacts/zoe.vcf")
    assert phone.run("restore", "contacts", "zoe")["bytes_received"] < 8000


def test_an_unknown_item_restores_nothing(phone):
    lose(phone, "documents/a.txt")
    assert phone.error("restore", "documents", "a.txt", "nobody.txt")["code"] == "not-found"
    assert not (phone.phone / "documents/a.txt").exists()


def test_a_preview_writes_nothing_anywhere(phone):
    lose(phone, "contacts/zoe.vcf", "documents/a.txt")
    path = phone.phone / "contacts/p00001.vcf"
    path.write_bytes(path.read_bytes().replace(b"+49170", b"+49171"))
    before, kept = tree(phone.phone), phone.run("originals")
    receipts = phone.run("receipts")
    told = phone.run("restore", "--preview")
    assert told["restore"] is None and told["written"] == 0
    assert outcomes(told)["contacts", "zoe"] == "added"
    assert outcomes(told)["documents", "a.txt"] == "added"
    merged = [item for item in told["items"] if item["result"] == "merged"]
    assert [item["id"] for item in merged] == ["uid-1-1"]
    assert [f["field"] for f in merged[0]["fields_added"]] == ["TEL"]
    assert tree(phone.phone) == before
    assert phone.run("originals") == kept and phone.run("receipts") == receipts
    done = phone.run("restore")  # and what it says is what is done
    assert done["written"] == 3 and outcomes(done) == outcomes(told)


def test_what_a_failed_disk_kept_from_an_earlier_restore_goes_with_the_next(phone):
    left = ".cloudbox-0123456789abcdef~"
    put(phone.phone, {f"{folder}/{left}": b"half" for folder in ("contacts", "documents", "documents/sub")})
    put(phone.phone, {"documents/.cloudbox-notes~": b"the person's own"})
    before = tree(phone.phone)
    phone.run("restore", "--preview")
    assert tree(phone.phone) == before
    phone.run("restore")
    assert tree(phone.phone) == {**phone.saved, "documents/.cloudbox-notes~": b"the person's own"}


def test_every_outcome_has_its_reason_in_words(phone):
    lose(phone, "contacts/zoe.vcf")
    for item in phone.run("restore")["items"]:
        assert len(item["reason"]) > 3, item


def test_an_older_version_can_be_taken_back(phone):
    lose(phone, "contacts/zoe.vcf")
    phone.run("restore", "contacts", "zoe", "--version", "1")
    assert (phone.phone / "contacts/zoe.vcf").read_bytes() == VERSIONS[0]
    told = phone.run("restore", "contacts", "zoe", "--version", "2")
    [item] = told["items"]
    assert {(f["field"], f["value"]) for f in item["fields_added"]} == {("TEL", "+491702")}
    phone.error("restore", "contacts", "zoe", "--version", "4")


def test_an_older_time_can_be_taken_back(phone):
    at = by_version(phone)[2]["saved_at"]
    lose(phone, "contacts/zoe.vcf")
    phone.run("restore", "contacts", "zoe", "--at", at)
    assert (phone.phone / "contacts/zoe.vcf").read_bytes() == VERSIONS[1]


def by_version(phone):
    return {v["version"]: v for v in phone.run("history", "contacts", "zoe")}


def test_history_counts_1_2_3_and_says_what_changed(phone):
    told = phone.run("history", "contacts", "zoe")
    assert [v["version"] for v in told] == [3, 2, 1]
    assert [v["size"] for v in told] == [len(raw) for raw in reversed(VERSIONS)]
    assert {v["device"] for v in told} == {phone.device}
    assert [v["saved_at"] for v in told] == sorted((v["saved_at"] for v in told), reverse=True)
    changed = [{f["field"] for f in v["fields_changed"]} for v in told]
    assert changed[:2] == [{"NOTE"}, {"TEL"}]
    assert {"field": "TEL", "value": "+491702"} in told[1]["fields_changed"]


def test_the_cloud_is_listed_by_app_name_and_id(phone):
    told = phone.run("cloud")
    assert len(told) == len(phone.saved)
    assert told == sorted(told, key=lambda i: (i["app"], i["name"].encode(), i["id"]))
    zoe = [i for i in told if i["id"] == "zoe"][0]
    assert zoe["versions"] == 3 and zoe["size"] == len(VERSIONS[2])
    assert zoe["device"] == phone.device and zoe["type"] == "text/vcard"
    assert {i["app"] for i in phone.run("cloud", "documents")} == {"documents"}


def test_an_app_that_is_not_here_is_skipped_with_the_line_to_type(phone, make_terminal):
    t = make_terminal()
    t.join(phone)
    told = t.run("restore", "--from", phone.device)
    assert set(outcomes(told).values()) == {"skipped"} and told["written"] == 0
    assert all("cloudbox apps add" in item["reason"] for item in told["items"])


def test_create_writes_open_formats(phone, make_terminal, tmp_path):
    t = make_terminal()
    t.join(phone)
    told = t.run("restore", "--create", tmp_path / "out", "--from", phone.device)
    assert set(outcomes(told).values()) == {"added"}
    assert tree(tmp_path / "out") == phone.saved
    assert t.run("restore", "--create", tmp_path / "out", "--from", phone.device)["written"] == 0
    assert tree(tmp_path / "out") == phone.saved


def test_into_another_app_of_the_same_kind(phone, make_terminal):
    t = make_terminal()
    t.join(phone)
    folder = t.app("papers", "files", {})
    told = t.run("restore", "documents", "--into", "papers", "--from", phone.device)
    assert told["written"] == len(FILES) and tree(folder) == FILES


def test_into_another_app_tells_first_what_it_keeps(phone, make_terminal):
    t = make_terminal()
    t.join(phone)
    t.app("friends", "vcard", {})
    told = t.run("restore", "contacts", "--into", "friends", "--from", phone.device, "--preview")
    assert told["written"] == 0 and all(item["fields_left"] == [] for item in told["items"])
    assert "friends keeps:" in t.stderr and " TEL" in t.stderr and "no place" not in t.stderr
    assert t.run("restore", "contacts", "--into", "friends", "--from", phone.device)["written"] > 0
    assert "friends keeps:" in t.stderr
    assert t.run("restore", "contacts", "--into", "friends", "--from", phone.device)["written"] == 0


def test_an_app_of_another_kind_takes_nothing(phone, make_terminal):
    t = make_terminal()
    t.join(phone)
    folders = {name: t.app(name, adapter, {})
               for name, adapter in (("papers", "files"), ("friends", "vcard"), ("chats", "sms-xml"))}
    for app, into in (("contacts", "papers"), ("documents", "friends"), ("contacts", "chats")):
        for how in ((), ("--preview",)):
            told = t.error("restore", app, "--into", into, "--from", phone.device, *how)
            assert told["code"] == "unsupported" and into in told["message"] and app in told["message"]
            assert "--create" in told["hint"]
    assert not any(tree(folder) for folder in folders.values())


def test_an_app_of_the_same_name_and_another_kind_takes_nothing_either(phone, make_terminal):
    t = make_terminal()
    t.join(phone)
    folder = t.app("contacts", "files", {})
    told = t.run("restore", "contacts", "--from", phone.device, expect=3)
    assert set(outcomes(told).values()) == {"failed"} and told["written"] == 0 and not tree(folder)


def test_from_a_device_by_id_its_beginning_or_its_name(phone, make_terminal):
    t = make_terminal("second")
    t.join(phone)
    for device in (phone.device, phone.device[:8], "the saved phone"):
        assert len(t.run("cloud", "documents", "--from", device)) == len(FILES)
    assert t.error("restore", "--from", "nobody's")["code"] == "not-found"


def test_of_several_devices_one_must_be_named(phone, make_terminal):
    """Not this one's own, and there are two others: the account of this story has many by now."""
    other = make_terminal("third")
    other.join(phone)
    other.documents({"x": b"x"})
    other.run("add", "documents", "--all")
    other.run("backup")
    t = make_terminal("fourth")
    t.join(phone)
    told = t.error("restore", "--preview")
    assert told["code"] == "ambiguous" and "--from" in told["hint"]
    assert phone.device[:8] in told["message"] + told["hint"]
    assert other.run("restore")["items"][0]["id"] == "x"  # whoever has backups gets its own


def test_versions_and_times_together_or_items_without_an_app_are_wrong_usage(phone):
    phone.error("restore", "contacts", "zoe", "--version", "1", "--at", "2026-01-01T00:00:00Z", expect=2)
    phone.error("restore", "--into", "papers", expect=2)


def test_originals_are_kept_and_can_be_purged(phone):
    path = phone.phone / "contacts/p00002.vcf"
    path.write_bytes(path.read_bytes().replace(b"+49170", b"+49171"))
    done = phone.run("restore", "contacts", "uid-1-2")
    kept = [o for o in phone.run("originals", "contacts") if o["restore"] == done["restore"]]
    assert [o["id"] for o in kept] == ["uid-1-2"]
    assert phone.run("purge", "--older-than", "1h") == {"changed": 0}
    assert phone.run("purge", "--older-than", "0s")["changed"] >= 1
    assert phone.run("originals") == []
