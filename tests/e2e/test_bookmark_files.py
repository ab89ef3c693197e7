# SPDX-License-Identifier: Apache-2.0
"""Bookmark files: two of them merged, real ones of many programs, and what export and import make of them."""
import collections
import itertools

import pytest

import corpus

HEAD = ('<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">\n'
        "<TITLE>Bookmarks</TITLE>\n<H1>Bookmarks</H1>\n")


def link(url, title, more=""):
    return f'<DT><A HREF="{url}"{more}>{title}</A>\n'


def folder(name, *content):
    return f"<DT><H3>{name}</H3>\n<DL><p>\n{''.join(content)}</DL><p>\n"


def document(*content):
    return f"{HEAD}<DL><p>\n{''.join(content)}</DL><p>\n".encode()


def results(told):
    return collections.Counter(item["result"] for item in told["items"])


def bookmarks(terminal, text, name):
    """An app that is a file of this text."""
    file = terminal.phone / f"{name}.html"
    file.write_bytes(text)
    terminal.run("apps", "add", name, "--adapter", "bookmarks-html", "--path", file)
    return file


def save(terminal, name):
    terminal.run("add", name, "--all")
    return terminal.run("backup", name)


@pytest.fixture(scope="module")
def pair(make_terminal, server):
    a, b = make_terminal(), make_terminal()
    a.init(server)
    b.join(a)
    return a, b, itertools.count()


@pytest.fixture
def phones(pair):
    """Two terminals of one account, and a name for an app that nobody had before."""
    a, b, numbers = pair
    return a, b, f"b{next(numbers)}"


def test_case_29_one_address_in_two_folders_is_two_bookmarks(phones):
    a, b, name = phones
    mine = bookmarks(a, document(folder("Work", link("https://x.example/", "X"))), name)
    bookmarks(b, document(folder("Work", link("https://x.example/", "Y")), folder("Home", link("https://x.example/", "Y"))), name)
    save(b, name)
    before = mine.read_text()
    told = a.run("restore", name, "--from", b.device)
    assert results(told) == {"merged": 1, "added": 1}, told
    assert a.run("restore", name, "--from", b.device)["written"] == 0
    text = mine.read_text()
    assert before.removesuffix("</DL><p>\n") in text and text.count("https://x.example/") == 2
    assert [(h["field"], h["here"], h["backup"]) for h in a.run("held", name)] == [("TITLE", "X", "Y")]
    a.run("take", name, told["items"][[i["result"] for i in told["items"]].index("merged")]["id"], "TITLE")
    assert ">X</A>" not in mine.read_text()
    a.run("undo")
    a.run("undo", told["restore"])
    assert mine.read_text() == before


def test_of_one_address_in_one_folder_as_many_are_there_as_on_the_side_that_has_more(phones):
    a, b, name = phones
    mine = bookmarks(a, document(link("https://x.example/", "X")), name)
    bookmarks(b, document(link("https://x.example/", "X"), link("https://x.example/", "X"), link("HTTPS://X.example", "Z")), name)
    save(b, name)
    told = a.run("restore", name, "--from", b.device)
    assert results(told) == {"identical": 1, "added": 2}, told  # there are three there, and one here
    assert a.run("restore", name, "--from", b.device)["written"] == 0
    assert mine.read_text().lower().count("https://x.example") == 3


def test_tags_keyword_and_description_are_added_where_there_are_none(phones):
    a, b, name = phones
    mine = bookmarks(a, document(link("https://x.example/", "X", ' TAGS="one" PRIVATE="1"')), name)
    bookmarks(b, document(link("https://x.example/", "X", ' TAGS="two, words,one" SHORTCUTURL="k"') + "<DD>About\n  it\n"), name)
    save(b, name)
    before = mine.read_bytes()
    told = a.run("restore", name, "--from", b.device)
    assert [(f["field"], f["value"]) for f in told["items"][0]["fields_added"]] == [
        ("TAG", "two"), ("TAG", "words"), ("KEYWORD", "k"), ("DESCRIPTION", "About\n  it")]
    assert a.run("restore", name, "--from", b.device)["written"] == 0
    assert b'PRIVATE="1"' in mine.read_bytes() and b"<DD>About\n  it\n" in mine.read_bytes()
    a.run("undo")
    assert mine.read_bytes() == before


def test_what_is_exported_is_imported_again_and_says_the_same(phones):
    a, _, name = phones
    text = document(link("https://m.example/?a=1&b", "M &amp; \U0001f600", ' ADD_DATE="1577836800"'),
                    folder("A/B", folder("C", link("https://c.example/", "")), link("https://b.example/", "B")),
                    folder("A", link("https://c.example/", "C")), folder("A!", link("https://c.example/", "C")),
                    '<DT><H3 PERSONAL_TOOLBAR_FOLDER="true">Bar</H3>\n<DL><p>\n' + link("https://t.example/", "T") + "</DL><p>\n")
    bookmarks(a, text, name)
    out = a.phone / "out.html"
    told = a.run("export", name, "--to", out)
    assert told["exported"] == 6 if isinstance(told.get("exported"), int) else len(told["items"]) == 6, told
    empty = f"{name}-empty"
    bookmarks(a, b"", empty)
    assert results(a.run("import", empty, out)) == {"added": 6}
    assert results(a.run("import", empty, out)) == {"identical": 6}
    assert results(a.run("import", name, out)) == {"identical": 6}
    assert (a.phone / f"{name}.html").read_bytes() == text
    # Each folder stands once, with all that is in it.
    assert out.read_text().count("<H3") == 5


def test_a_lost_app_of_bookmarks_is_made_anew_as_a_file(phones):
    a, b, name = phones
    bookmarks(a, document(folder("Work", link("https://x.example/", "X"))), name)
    save(a, name)
    told = b.run("restore", name, "--from", a.device, "--create", b.phone / "new")
    assert results(told) == {"added": 1}, told
    assert "https://x.example/" in (b.phone / "new" / name / "bookmarks.html").read_text()


def test_real_files_come_back_and_stay_as_they_are(make_terminal, server):
    a, b = make_terminal(), make_terminal()
    a.init(server)
    b.join(a)
    files = {path: raw for path, raw in corpus.files("bookmarks").items() if path.endswith((".htm", ".html"))}
    assert len(files) > 30
    mine = {}
    for number, (path, raw) in enumerate(files.items()):
        name = f"f{number}"
        mine[path] = bookmarks(a, raw, name)
        if a.run("items", name):
            a.run("add", name, "--all")
            bookmarks(b, b"", name)
    saved = len(a.run("backup")["uploaded"])
    assert saved > 300
    assert results(a.run("restore")) == {"identical": saved}
    assert {path: file.read_bytes() for path, file in mine.items()} == files
    assert results(b.run("restore", "--from", a.device)) == {"added": saved}
    assert results(b.run("restore", "--from", a.device)) == {"identical": saved}
