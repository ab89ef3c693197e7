# SPDX-License-Identifier: Apache-2.0
"""What was typed wrong is told as such, and what came with another device's Box is named."""
import json
import subprocess

import pytest

import programs
from phone import card


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal("phone")
    t.init(server)
    t.contacts({"a": card("Anna", uid="anna", tel="+491"), "b": card("Ben", uid="ben", tel="+492")})
    t.run("add", "contacts", "--all")
    t.run("backup")
    return t


@pytest.mark.parametrize("command", [("purge", "--older-than", "3q"), ("restore", "--at", "yesterday")])
def test_a_time_that_is_none_is_wrong_usage(phone, command):
    assert command[-1] in phone.error(*command, expect=2)["message"]


@pytest.mark.parametrize("command", ["held", "originals"])
def test_what_is_kept_of_an_unknown_app_or_item_is_an_error(phone, command):
    assert phone.error(command, "nothing")["code"] == "not-found"
    assert phone.error(command, "contacts", "nobody")["code"] == "not-found"
    assert phone.run(command, "contacts", "Anna") == [] == phone.run(command, "contacts", "ben")


def test_shortcuts_of_another_box_tell_what_the_items_here_are(phone, make_terminal):
    t = make_terminal()
    t.join(phone)
    t.run("restore", "box", "--from", phone.device)
    t.contacts({"a": card("Anna", uid="anna", tel="+491"), "b": card("Ben", uid="ben", tel="+492")})
    told = {s["id"]: (s["name"], s["type"], s["size"]) for s in t.run("box", "contacts")}
    assert told == {s["id"]: (s["name"], s["type"], s["size"]) for s in phone.run("box", "contacts")}
    assert t.run("remove", "contacts", "Anna") == {"changed": 1}


def test_a_device_that_was_replaced_is_told_how_to_go_on(make_terminal, server):
    old, new = make_terminal("old"), make_terminal("new")
    old.init(server)
    old.documents({"a": b"a"})
    old.run("add", "documents", "a")
    old.run("backup")
    new.join(old, "--replace", old.device)
    hint = old.error("devices")["hint"]
    assert "cloudbox join URL --home DIR" in hint
    old.home = old.folder / "another box"
    old.join(new)


def test_a_device_that_never_saved_its_box_can_be_replaced(make_terminal, server):
    old, new = make_terminal("old"), make_terminal("new")
    old.init(server)
    assert new.join(old, "--replace", old.device)["account"] == old.account
    assert new.run("box") == []


def operator(server, *args):
    return subprocess.run([programs.program("cloudboxd"), *args], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=programs.PATIENCE,
                          env=programs.environment(server.folder))


def test_the_operators_json_is_json_whatever_was_typed(server):
    assert set(json.loads(operator(server, "--version", "--json").stdout)) == {"version"}
    done = operator(server, "invite", "--bogus", "--json")
    assert done.returncode == 2 and done.stderr == ""
    assert "--bogus" in json.loads(done.stdout)["error"]["message"]


@pytest.mark.parametrize("listen", ["127.0.0.1:99999", "127.0.0.1:65536", "127.0.0.1:1x", "127.0.0.1:-1"])
def test_a_port_that_is_none_is_refused(server, tmp_path, listen):
    done = operator(server, "serve", "--listen", listen, "--data", str(tmp_path / "data"))
    assert done.returncode == 2 and listen in done.stderr


@pytest.mark.parametrize("url", ["x", "ftp://h/", "https://h/i/short", "https://127.0.0.1:1/"])
def test_an_address_that_is_no_invitation_is_wrong_usage(make_terminal, url):
    t = make_terminal()
    assert t.error("init", url, "--yes", expect=2)["code"] == "usage"


def test_help_is_a_document_too(phone):
    told = phone.run("--help")
    names = [c["name"] for c in told["commands"]]
    assert {"init", "apps add", "restore", "verify", "export"} <= set(names)
    assert all(c["summary"] for c in told["commands"]) and told["options"]
    one = phone.run("restore", "--help")
    assert one["name"] == "restore" and "--preview" in [o["name"] for o in one["options"]]
    assert "--preview" in phone.run("restore", "--help", json=False)
    done = subprocess.run([programs.program("cloudboxd"), "--help", "--json"],
                          capture_output=True, text=True, env=programs.environment("/"))
    assert done.returncode == 0 and "cloudboxd serve" in json.loads(done.stdout)["help"]


def test_an_operator_reads_states_in_his_language(phone, server):
    for lang, word in (("en", "active"), ("zh_CN", "正常")):
        done = subprocess.run(
            [programs.program("cloudboxd"), "accounts", "--data", str(server.data), "--lang", lang],
            capture_output=True, text=True, env=programs.environment(server.folder))
        assert done.returncode == 0 and f"  {word}  " in done.stdout, done.stdout
    assert {a["state"] for a in server.run("accounts")} == {"active"}
