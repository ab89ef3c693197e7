# SPDX-License-Identifier: Apache-2.0
"""A lost phone: a blank terminal gets everything back, its Box included (P14, P27)."""
import os
import re

import pytest

import programs
from phone import noise, people
from programs import by_name, named, put, tree

CARDS = people(70)  # more than 64: the folder's shortcuts lie in two items of the Box
FILES = {"notes/a.txt": b"first\n", "notes/deep/b.txt": b"second\n", "big.bin": noise(100_000)}


@pytest.fixture(scope="module")
def old(make_terminal, server):
    """The phone that was lost, and everything on it saved."""
    t = make_terminal("old phone")
    t.init(server)
    t.contacts(CARDS)
    t.documents(FILES)
    t.run("add", "contacts", "--all")
    t.run("add", "documents", "--all", "--selected")
    t.saved = t.run("backup")
    return t


def put_back(t, old):
    """Empty apps where the old ones lay, and everything restored into them."""
    for app, adapter in (("contacts", "vcard"), ("documents", "files")):
        (t.phone / app).mkdir(exist_ok=True)
        t.run("apps", "add", app, "--adapter", adapter, "--path", t.phone / app)
    return t.run("restore", "--from", old.device)


def comparable(shortcuts):
    """What a saved Box has of a shortcut; names come with the items."""
    return sorted((s["app"], s["id"], s["path"], s["selected"]) for s in shortcuts)


def test_the_box_rides_along_and_is_in_no_count(old):
    assert len(old.saved["uploaded"]) == len(CARDS) + len(FILES)
    assert {item["app"] for item in old.saved["uploaded"]} == {"contacts", "documents"}
    assert {item["app"] for item in old.run("cloud")} == {"contacts", "documents"}
    assert old.run("status")["items"] == len(CARDS) + len(FILES)


def test_joining_shows_what_lies_there_and_the_line_to_type(old, make_terminal):
    t = make_terminal("new phone")
    told = t.join(old, "--yes")
    other = [d for d in told["newest"] if d["device"] == old.device][0]
    assert other["items"] == len(CARDS) + len(FILES)
    assert other["date"] and len(other["head_words"].split()) == 6
    assert other["head_words"] == old.run("status")["head_words"]
    assert told["account"] == old.account and told["device"] != old.device
    assert t.run("box") == []  # nothing is taken over by itself, not even with --yes

    u = make_terminal("newer phone")
    text = u.run("join", old.server, "--account", old.account, json=False)
    line = re.search(r"cloudbox restore box --from \S+", text)
    assert line and u.run(*line[0].split()[1:])["written"] > 0
    assert {f["app"]: f["shortcuts"] for f in u.run("box")} == \
        {"contacts": len(CARDS), "documents": len(FILES)}


def test_the_box_and_all_items_come_back_with_account_and_passphrase(old, make_terminal):
    t = make_terminal()
    t.join(old)
    t.run("restore", "box", "--from", old.device)
    told = put_back(t, old)
    assert {item["result"] for item in told["items"]} == {"added"}
    assert told["written"] == len(CARDS) + len(FILES)
    assert tree(t.phone / "contacts") == tree(old.phone / "contacts")
    assert tree(t.phone / "documents") == tree(old.phone / "documents")
    for app in ("contacts", "documents"):
        assert comparable(t.run("box", app)) == comparable(old.run("box", app))


def test_the_recovery_code_alone_finds_and_opens_the_account(old, make_terminal):
    t = make_terminal()
    t.passphrase = None
    code = {"CLOUDBOX_RECOVERY_CODE": old.recovery_code}
    told = t.run("join", old.server, "--recovery", env=code)
    assert told["account"] == old.account
    for app, adapter in (("contacts", "vcard"), ("documents", "files")):
        (t.phone / app).mkdir()
        t.run("apps", "add", app, "--adapter", adapter, "--path", t.phone / app)
    t.run("restore", "--from", old.device, env=code)
    assert tree(t.phone / "contacts") == tree(old.phone / "contacts")
    # the forgotten passphrase is replaced with the code, and the new one opens
    t.run("passphrase", env={**code, "CLOUDBOX_NEW_PASSPHRASE": "five yellow boats on lakes"})
    old.passphrase = t.passphrase = "five yellow boats on lakes"
    assert len(t.run("cloud", "--from", old.device)) == len(CARDS) + len(FILES)
    old.error("cloud", expect=4, env={"CLOUDBOX_PASSPHRASE": programs.PASSPHRASE})


def test_a_recovery_code_typed_in_small_letters_and_with_blanks_is_the_same(old, make_terminal):
    t = make_terminal()
    t.passphrase = None
    spelled = old.recovery_code.lower().replace("-", " ").replace("0", "o")
    assert t.run("join", old.server, "--recovery",
                 env={"CLOUDBOX_RECOVERY_CODE": spelled})["account"] == old.account


def test_a_mistyped_recovery_code_is_noticed_before_anything_is_asked(old, make_terminal):
    t = make_terminal()
    t.passphrase = None
    wrong = ("1" if old.recovery_code[0] != "1" else "2") + old.recovery_code[1:]
    t.error("join", old.server, "--recovery", expect=4, env={"CLOUDBOX_RECOVERY_CODE": wrong})


def test_replace_takes_the_box_over_at_once(make_terminal, server):
    old = make_terminal("broken phone")
    old.init(server)
    old.contacts({"a": CARDS["p00001"], "b": CARDS["p00002"]})
    old.run("add", "contacts", "--all", "--selected")
    old.run("backup")
    new = make_terminal("its successor")
    new.join(old, "--replace", old.device)
    assert comparable(new.run("box", "contacts")) == comparable(old.run("box", "contacts"))
    folder = new.phone / "contacts"
    folder.mkdir()
    new.run("apps", "add", "contacts", "--adapter", "vcard", "--path", folder)
    assert new.run("restore")["written"] == 2  # its own, by inheritance: no --from
    assert tree(folder) == tree(old.phone / "contacts")
    new.run("backup")
    states = {d["id"]: d["state"] for d in new.run("devices")}
    assert states[old.device] != states[new.device]
    old.error("backup", "--check")  # the broken one is shut out


def test_after_init_no_backup_can_be_opened_without_the_passphrase(old):
    for command in (("cloud",), ("restore",), ("restore", "--preview"), ("restore", "box"),
                    ("history", "documents", "big.bin")):
        told = old.error(*command, expect=4, env={"CLOUDBOX_PASSPHRASE": None})
        assert told["code"] == "locked" and "passphrase" in told["message"] + told["hint"]
    assert old.run("backup", env={"CLOUDBOX_PASSPHRASE": None})["failed"] == []  # sealing needs none


def test_the_servers_url_may_come_from_standard_input(old, make_terminal):
    t = make_terminal()
    t.passphrase = old.passphrase
    told = t.run("join", "-", "--account", old.account, stdin=f"  {old.server}\n")
    assert told["account"] == old.account and told["server"] == old.server


def test_the_passphrase_may_come_from_a_file(old, tmp_path):
    file = tmp_path / "passphrase"
    put(tmp_path, {"passphrase": old.passphrase.encode() + b"\n"})
    nothing = {"CLOUDBOX_PASSPHRASE": None}
    assert old.run("cloud", "documents", "--passphrase-file", file, env=nothing)
    assert old.run("cloud", "documents", env={**nothing, "CLOUDBOX_PASSPHRASE_FILE": file})


def test_the_recovery_code_is_shown_and_asked_back_on_a_terminal(make_terminal, server):
    t = make_terminal()

    def group(found, text):
        code = re.search(r"(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}", text)[0]
        return code.split("-")[int(found[1]) - 1].lower()

    t.typed("init", server.invite(), answers=[(r"Group (\d) of the code", group)] * 3)
    assert t.run("status")["recovery"] == "confirmed"


def test_an_unconfirmed_recovery_code_is_confirmed_later(old):
    wrong = {"CLOUDBOX_RECOVERY_CODE": "M2GT-58X4-MPKA-FA59-NANT-SBDE-NY75"}
    assert old.run("status")["recovery"] == "unconfirmed"
    old.error("recovery", "confirm", expect=4, env=wrong)
    assert old.run("status")["recovery"] == "unconfirmed"
    old.run("recovery", "confirm", env={"CLOUDBOX_RECOVERY_CODE": old.recovery_code})
    assert old.run("status")["recovery"] == "confirmed"


def test_init_without_a_terminal_wants_yes(make_terminal, server):
    t = make_terminal()
    told = t.error("init", server.invite(), expect=2)
    assert "--yes" in told["hint"]
    t.error("status")  # no account came of it


def test_a_second_account_on_one_box_is_refused(old, server):
    old.error("init", server.invite(), "--yes")
    assert old.run("status")["account"] == old.account


def test_the_box_lies_in_a_folder_that_others_cannot_read(old):
    assert old.home.stat().st_mode & 0o077 == 0
    for path in old.home.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    assert os.listdir(old.home)
