# SPDX-License-Identifier: Apache-2.0
"""Chinese and English are equal: every sentence of the common commands is there in both."""
import re
import subprocess

import pytest

import programs
from phone import card, noise

# Three words of small letters in a row are an English sentence; lines to type are none.
SENTENCE = re.compile(r"(?<![\w/.-])[A-Za-z]?[a-z]+(?:,? [a-z]{2,}){2,}")
TO_TYPE = re.compile(r"cloudboxd? [^\n。：]*|~?/[\w./-]+")
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal("zh")
    t.init(server)
    t.contacts({"a": card("Anna", uid="anna", tel="+491", lines=["BDAY:19800101"]),
                "b": card("Ben", uid="ben", tel="+492"), "c": card("Ben", uid="ben2")})
    t.documents({"f": b"file", "big": noise(50_000)})
    return t


def untranslated(text, phone):
    words = phone.run("status")["head_words"]
    text = TO_TYPE.sub("", text.replace(words, "") if words else text)
    return [found[0] for found in SENTENCE.finditer(text)]


def is_chinese(text, phone):
    assert CHINESE.search(text), text
    assert untranslated(text, phone) == [], text


STORY = [  # in this order, each from the state that the one before left
    (("apps",), 0), (("items", "contacts"), 0), (("box",), 0), (("receipts",), 0),
    (("add", "contacts", "anna", "ben"), 0), (("add", "documents", "--all"), 0),
    (("add", "contacts", "Ben"), 1), (("add", "contacts", "anna"), 2), (("add", "contacts", "x"), 1),
    (("box",), 0), (("box", "contacts"), 0), (("select", "contacts", "anna"), 0),
    (("unselect", "contacts", "anna"), 0), (("status",), 0), (("cloud",), 0), (("backup",), 0),
    (("backup",), 0), (("cloud",), 0), (("history", "contacts", "anna"), 0), (("devices",), 0),
    (("history", "contacts", "anna", "--diff"), 0), (("history", "contacts", "anna", "--diff", "1"), 0),
    (("history", "contacts", "anna", "--diff", "7"), 1), (("undo",), 0), (("undo", "12345678"), 1),
    (("take", "contacts", "anna", "BDAY"), 1), (("take", "contacts"), 2),
    (("restore", "--preview"), 0), (("restore",), 0), (("held",), 0), (("originals",), 0),
    (("receipts",), 0), (("status",), 0), (("lock",), 0), (("remove", "contacts", "ben"), 0),
    (("forget", "contacts", "anna"), 0), (("purge", "--older-than", "1d"), 0),
    (("restore", "nothing"), 1), (("restore", "contacts", "x"), 1), (("frobnicate",), 2), ((), 2),
    (("apps", "add", "Bad", "--adapter", "files", "--path", "."), 2), (("apps", "add", "x"), 2),
    (("recovery", "confirm"), 4), (("revoke", "x", "--yes"), 1), (("purge",), 2), (("box", "nothing"), 1), (("init", "x"), (1, 2))]


def test_every_common_command_and_error_is_in_chinese(phone):
    """`--lang`; and what is said is said in Chinese from the first word to the last."""
    for args, status in STORY:
        text = phone.run(*args, json=False, lang="zh_CN", expect=status) + phone.stderr
        is_chinese(text, phone)
    phone.passphrase = None
    is_chinese(phone.run("cloud", json=False, lang="zh_CN", expect=4) + phone.stderr, phone)


@pytest.mark.parametrize("env", [{"LANG": "zh_CN.UTF-8"}, {"LC_ALL": "zh_CN.UTF-8"},
                                 {"CLOUDBOX_LANG": "zh_CN"}, {"LANG": "zh_CN.UTF-8", "CLOUDBOX_LANG": "zh_CN"}])
def test_the_locale_or_a_variable_chooses_the_language_where_the_locale_is_not_generated(phone, env):
    is_chinese(phone.run("status", json=False, env=env), phone)


@pytest.mark.parametrize("env", [{"LANG": "C.UTF-8"}, {"LANG": "de_DE.UTF-8"},
                                 {"LANG": "zh_CN.UTF-8", "CLOUDBOX_LANG": "en"}])
def test_everybody_else_gets_english(phone, env):
    text = phone.run("status", json=False, env=env)
    assert not CHINESE.search(text) and "account" in text


def test_lang_is_stronger_than_the_environment(phone):
    assert not CHINESE.search(phone.run("status", json=False, lang="en", env={"LANG": "zh_CN.UTF-8"}))


COMMANDS = ["init", "join", "status", "devices", "revoke", "lock", "passphrase", "apps", "items", "add", "box",
            "remove", "select", "unselect", "backup", "forget", "receipts", "cloud", "history",
            "restore", "held", "take", "undo", "originals", "purge"]


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_is_in_chinese(phone, command):
    text = phone.run(*([command] if command else []), "--help", json=False, lang="zh_CN")
    is_chinese(text, phone)


def test_json_is_the_same_in_every_language(phone):
    for command in (("apps",), ("box", "contacts"), ("items", "documents")):
        assert phone.run(*command) == phone.run(*command, lang="zh_CN")


def test_the_server_speaks_chinese_too(server):
    done = subprocess.run([programs.program("cloudboxd"), "--help", "--lang", "zh_CN"],
                          capture_output=True, text=True, env=programs.environment(server.folder))
    assert done.returncode == 0 and CHINESE.search(done.stdout)


def test_the_question_can_be_answered_in_chinese(phone):
    phone.passphrase = None
    phone.run("add", "documents", "f", "--yes")
    screen = phone.typed("--lang", "zh_CN", "add", "documents", "f", answers=[(r"\[", "是")])
    assert CHINESE.search(screen)
