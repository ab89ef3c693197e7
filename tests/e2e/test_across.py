# SPDX-License-Identifier: Apache-2.0
"""Across families: items of one app go into another one of the same kind, which may keep less; told before."""
import json

import pytest

from programs import tree

BOOKMARKS = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE>
<H1>Bookmarks</H1>
<DL><p>
    <DT><H3 PERSONAL_TOOLBAR_FOLDER="true">Toolbar</H3>
    <DL><p>
        <DT><A HREF="https://news.example/" TAGS="daily,world" SHORTCUTURL="n">News</A>
        <DT><A HREF="https://plain.example/">Plain</A>
    </DL><p>
    <DT><H3>Work</H3>
    <DL><p>
        <DT><A HREF="https://manual.example/" TAGS="docs">Manual</A>
        <DD>How it works
    </DL><p>
</DL><p>
"""

CHROMIUM = {"checksum": "", "version": 1, "roots": {
    role: {"children": [], "date_added": "13300000000000000", "date_modified": "0", "id": str(n), "name": name,
           "guid": f"0bc5d13f-2cba-5d74-951f-3f233fe6c90{n}", "type": "folder"}
    for n, (role, name) in enumerate((("bookmark_bar", "Bookmarks bar"), ("other", "Other bookmarks"),
                                      ("synced", "Mobile bookmarks")), 1)}}


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    """A phone whose bookmarks lie in a file that a browser wrote."""
    t = make_terminal("old phone")
    t.init(server)
    t.file = t.phone / "bookmarks.html"
    t.file.write_text(BOOKMARKS)
    t.run("apps", "add", "bookmarks", "--adapter", "bookmarks-html", "--path", t.file)
    t.run("add", "bookmarks", "--all")
    assert len(t.run("backup")["uploaded"]) == 3
    return t


@pytest.fixture
def new(make_terminal, phone):
    t = make_terminal()
    t.join(phone)
    return t


def chromium(t):
    """An empty profile of Chromium where Chromium would have it; its file."""
    where = t.folder / ".config/chromium"
    (where / "Default").mkdir(parents=True)
    (where / "Local State").write_text(json.dumps({"profile": {"info_cache": {"Default": {}}}}))
    (where / "Default/Bookmarks").write_text(json.dumps(CHROMIUM))
    return where / "Default/Bookmarks"


def urls(file):
    """Every address of Chromium's file, with its title."""
    found = {}

    def walk(node):
        if node["type"] == "url":
            found[node["url"]] = node["name"]
        for child in node.get("children", []):
            walk(child)

    for root in json.loads(file.read_text())["roots"].values():
        walk(root)
    return found


def left(told):
    return {item["name"]: sorted((f["field"], f["value"]) for f in item["fields_left"]) for item in told["items"]}


LEFT = {"News": [("KEYWORD", "n"), ("TAG", "daily"), ("TAG", "world")], "Plain": [],
        "Manual": [("DESCRIPTION", "How it works"), ("TAG", "docs")]}
ALL = {"https://news.example/": "News", "https://plain.example/": "Plain", "https://manual.example/": "Manual"}


def test_what_chromium_has_no_place_for_is_told_before_anything_is_written(phone, new):
    file = chromium(new)
    before = file.read_bytes()
    command = ("restore", "bookmarks", "--into", "bookmarks-chromium-default", "--from", phone.device)
    told = new.run(*command, "--preview")
    assert told["written"] == 0 and file.read_bytes() == before
    assert left(told) == LEFT
    for line in ("bookmarks-chromium-default keeps:", " TITLE", " URL",
                 "It has no place for these; they stay in the backup:", "TAG (2 items)", "KEYWORD (1 item)"):
        assert line in new.stderr, new.stderr
    text = new.run(*command, "--preview", json=False)
    assert "not taken, the app has no place for it:" in text
    told = new.run(*command)
    assert told["written"] == 3 and urls(file) == ALL and left(told) == LEFT
    assert "TAG (2 items)" in new.stderr


def test_a_second_restore_writes_nothing_and_what_was_left_is_not_lost(phone, new, tmp_path):
    file = chromium(new)
    command = ("restore", "bookmarks", "--into", "bookmarks-chromium-default", "--from", phone.device)
    new.run(*command)
    after = file.read_bytes()
    told = new.run(*command)
    assert told["written"] == 0 and {i["result"] for i in told["items"]} == {"identical"}
    assert file.read_bytes() == after and left(told) == LEFT
    new.run("restore", "bookmarks", "--from", phone.device, "--create", tmp_path / "out")
    made = (tmp_path / "out" / "bookmarks" / "bookmarks.html").read_text()
    for kept in ('TAGS="daily,world"', 'SHORTCUTURL="n"', "How it works", 'TAGS="docs"'):
        assert kept in made, made


def test_undo_takes_it_out_of_the_other_app_again(phone, new):
    file = chromium(new)
    new.run("restore", "bookmarks", "--into", "bookmarks-chromium-default", "--from", phone.device)
    new.run("undo")
    assert urls(file) == {}


def test_created_bookmarks_are_made_once(phone, new, tmp_path):
    command = ("restore", "bookmarks", "--from", phone.device, "--create", tmp_path / "out")
    assert new.run(*command, "--preview")["written"] == 0
    assert not (tmp_path / "out").exists()
    assert new.run(*command)["written"] == 3
    made = tree(tmp_path / "out")
    assert set(made) == {"bookmarks/bookmarks.html"}
    assert new.run(*command)["written"] == 0 and tree(tmp_path / "out") == made


def test_a_file_of_bookmarks_is_imported_with_the_same_report(new, tmp_path):
    file = chromium(new)
    source = tmp_path / "from elsewhere.html"
    source.write_text(BOOKMARKS)
    told = new.run("import", "bookmarks-chromium-default", source)
    assert told["written"] == 3 and urls(file) == ALL and left(told) == LEFT
    assert "they stay in the file:" in new.stderr and "TAG (2 items)" in new.stderr


def test_bookmarks_go_into_no_app_of_another_kind(phone, new):
    new.contacts({})
    told = new.error("restore", "bookmarks", "--into", "contacts", "--from", phone.device)
    assert told["code"] == "unsupported" and "contacts" in told["message"]
