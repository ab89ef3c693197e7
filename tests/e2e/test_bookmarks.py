# SPDX-License-Identifier: Apache-2.0
"""Bookmarks of real browsers: made in them, backed up, changed on both sides, restored, seen in them again."""
import collections
import json

import pytest

import browsers
import mounts

NEWS = "https://news.example/"
MANUAL = "https://manual.example/a?q=1&r=2#top"

FILL = """
    const B = P.bookmarks, add = (parentGuid, url, title) => B.insert({parentGuid, url, title});
    const folder = (parentGuid, title) => B.insert({type: B.TYPE_FOLDER, parentGuid, title});
    await B.eraseEverything();
    const work = await folder(B.menuGuid, 'Work'), deep = await folder(work.guid, 'A/B 100%');
    await add(work.guid, A[0], 'News');
    await B.insert({type: B.TYPE_SEPARATOR, parentGuid: work.guid});
    await add(deep.guid, A[1], 'Manual \\u7684 <b>&amp;');
    await add(B.toolbarGuid, A[1], 'Manual again');
    await add(B.toolbarGuid, 'javascript:alert(1)', 'A bookmarklet');
    await add(B.toolbarGuid, 'place:sort=8', 'A search');
    await add(B.unfiledGuid, 'http://b\\u00fccher.example/\\u00fc', '');
    await add(B.mobileGuid, A[0], 'Read later');
    await folder(B.toolbarGuid, 'Empty');
    P.tagging.tagURI(Services.io.newURI(A[1]), ['two words', 'docs']);
    await P.keywords.insert({keyword: 'man', url: A[1]});
"""


def results(told):
    return collections.Counter(item["result"] for item in told["items"])


def refused(told, why):
    """Nothing was written, and everybody hears why."""
    assert told["written"] == 0 and results(told)["failed"] > 0, told
    assert all(why in item["reason"] for item in told["items"] if item["result"] == "failed"), told


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    """A terminal whose app `fox` is a profile that Firefox made and filled, all of it backed up while it ran."""
    browsers.need("firefox-esr")
    t = make_terminal()
    t.init(server)
    t.profile = t.phone / "fox"
    with browsers.Firefox(t.profile) as fox:
        fox.run(FILL, NEWS, MANUAL)
        t.made = fox.bookmarks()
        t.run("apps", "add", "fox", "--adapter", "firefox", "--path", t.profile)
        t.run("add", "fox", "--all")
        told = t.run("backup")
        assert told["failed"] == []
        t.saved = len(told["uploaded"])
        t.refused = t.stderr
    return t


def test_what_firefox_shows_is_backed_up_while_it_runs(phone):
    assert len(phone.made) == 7  # the search among them
    assert phone.saved == 6
    names = sorted(item["name"] for item in phone.run("items", "fox"))
    assert names == sorted(["News", "Manual \u7684 <b>&amp;", "Manual again", "A bookmarklet",
                            "http://xn--bcher-kva.example/%C3%BC", "Read later"])
    assert "a saved search means folders of its own profile" in phone.stderr


def test_a_restore_adds_what_firefox_lost_and_it_finds_nothing_to_mend(phone):
    with browsers.Firefox(phone.profile) as fox:
        fox.run("""
            const B = P.bookmarks;
            const all = []; await B.fetch({url: A[0]}, b => all.push(b)); await B.fetch({url: A[1]}, b => all.push(b));
            for (const b of all) if (b.title != 'News') await B.remove(b);
            await B.update({guid: (await B.fetch({url: A[0]})).guid, title: 'My news'});
            await B.insert({parentGuid: B.toolbarGuid, url: 'https://local.example/', title: 'Only here'});
            await B.remove((await B.fetch({url: 'javascript:alert(1)'})));
        """, NEWS, MANUAL)
        before = fox.bookmarks()
        folders = fox.folders()
        refused(phone.run("restore", "fox", expect=3), "Firefox is open with this profile")
        assert fox.bookmarks() == before
    told = phone.run("restore", "fox")
    assert results(told) == {"added": 4, "merged": 1, "identical": 1}, told
    assert phone.run("restore", "fox")["written"] == 0
    with browsers.Firefox(phone.profile) as fox:
        after = fox.bookmarks()
        fox.assert_coherent()
        assert fox.bookmarks() == after  # the maintenance took nothing
    want = {row[:1] + ("My news",) + row[2:] if row[1] == "News" else row for row in phone.made}
    want.add(("toolbar_____", "Only here", "https://local.example/", "", ""))
    assert set(after) == want
    held = phone.run("held", "fox")
    assert [(h["field"], h["here"], h["backup"]) for h in held] == [("TITLE", "My news", "News")]
    undone = phone.run("undo")
    assert results(undone)["failed"] == 0
    with browsers.Firefox(phone.profile) as fox:
        assert fox.bookmarks() == before
        assert fox.folders() == folders
        fox.assert_coherent()


def test_bookmarks_go_from_firefox_to_chromium_and_back(phone):
    browsers.need("chromium", "chromedriver")
    pytest.importorskip("selenium", reason="no python3-selenium: tools/deps.sh check")
    folder = phone.phone / "chromium"
    with browsers.Chromium(folder) as chromium:
        chromium.run("await chrome.bookmarks.create({parentId: '1', title: 'Made here', url: 'https://here.example/'});"
                     "const f = await chrome.bookmarks.create({parentId: '2', title: 'Mine'});"
                     "await chrome.bookmarks.create({parentId: f.id, title: '', url: 'https://here.example/'});")
        chromium_made = chromium.bookmarks()
        phone.run("apps", "add", "chromium", "--adapter", "chromium", "--path", folder / "Default")
        refused(phone.run("restore", "fox", "--into", "chromium", expect=3), "Chromium is open")
    before = json.loads((folder / "Default/Bookmarks").read_text())
    told = phone.run("restore", "fox", "--into", "chromium")
    assert results(told) == {"added": 6}, told
    assert phone.run("restore", "fox", "--into", "chromium")["written"] == 0
    with browsers.Chromium(folder) as chromium:
        seen = chromium.bookmarks()
        chromium.run("await chrome.bookmarks.create({parentId: '1', title: 'After', url: 'https://after.example/'})")
    other, menu = "Other bookmarks", "Other bookmarks/Bookmarks menu"
    assert set(seen) - set(chromium_made) == {
        (f"{menu}/Work", "News", NEWS), (f"{menu}/Work/A/B 100%", "Manual \u7684 <b>&amp;", MANUAL),
        ("Bookmarks bar", "Manual again", MANUAL), ("Bookmarks bar", "A bookmarklet", "javascript:alert(1)"),
        (other, "", "http://xn--bcher-kva.example/%C3%BC"), ("Mobile bookmarks", "Read later", NEWS)}
    assert set(chromium_made) < set(seen)
    # Chromium wrote the file itself now: what it made of ours is still the same.
    assert phone.run("restore", "fox", "--into", "chromium")["written"] == 0
    assert results(phone.run("undo"))["failed"] == 0
    with browsers.Chromium(folder) as chromium:
        left = chromium.bookmarks()
    assert set(left) == {*chromium_made, ("Bookmarks bar", "After", "https://after.example/")}
    assert before["roots"]["bookmark_bar"]["children"] != []

    phone.run("add", "chromium", "--all")
    phone.run("backup", "chromium")
    told = phone.run("restore", "chromium", "--into", "fox")
    assert results(told) == {"added": 3}, told
    assert phone.run("restore", "chromium", "--into", "fox")["written"] == 0
    out = phone.phone / "bookmarks.html"
    phone.run("export", "fox", "--to", out)
    with browsers.Firefox(phone.profile) as fox:
        now = fox.bookmarks()
        fox.assert_coherent()
        fox.run("""
            const {BookmarkHTMLUtils: H} = ChromeUtils.importESModule('resource://gre/modules/BookmarkHTMLUtils.sys.mjs');
            await H.importFromFile(A[0], {replace: true, source: P.bookmarks.SOURCES.RESTORE});""", str(out))
        imported = fox.bookmarks()
    # What we export as a file, Firefox takes: all but the search; its file format knows no mobile root.
    assert {row[1:] for row in imported} == {row[1:] for row in now if not row[2].startswith("place:")}
    assert {row[0] for row in imported if row[0].startswith("toolbar")} == {row[0] for row in now if row[0].startswith("toolbar")}
    assert {("toolbar_____", "Made here", "https://here.example/", "", ""),
            ("toolbar_____", "After", "https://after.example/", "", ""),
            ("unfiled_____/Mine", "", "https://here.example/", "", "")} <= set(now)


@pytest.mark.parametrize("adapter, browser, profile, written", [
    ("firefox", browsers.Firefox, ".", "places.sqlite"),
    ("chromium", browsers.Chromium, "Default", "Bookmarks"),
])
def test_a_profile_that_is_only_read_is_left_alone_with_a_reason(phone, make_terminal, adapter, browser, profile,
                                                                 written):
    if adapter == "chromium":
        browsers.need("chromium", "chromedriver")
        pytest.importorskip("selenium", reason="no python3-selenium: tools/deps.sh check")
    t = make_terminal()
    t.join(phone)
    folder = t.phone / adapter
    with browser(folder):
        pass
    file = folder / profile / written
    t.run("apps", "add", "bookmarks", "--adapter", adapter, "--path", folder / profile)
    before = file.read_bytes() if file.exists() else None
    t.within = mounts.read_only(folder / profile)
    told = t.run("restore", "fox", "--from", phone.device, "--into", "bookmarks", expect=3)
    refused(told, "Read-only file system")
    t.within = []
    assert (file.read_bytes() if file.exists() else None) == before
    assert results(t.run("restore", "fox", "--from", phone.device, "--into", "bookmarks")) == {"added": 6}


def test_the_bookmarks_of_gnome_web_are_found_read_and_restored_elsewhere(phone, make_terminal):
    browsers.need("epiphany-browser", "Xvfb", "xdotool", "dbus-daemon")
    t = make_terminal()
    t.join(phone)
    page = "data:text/html,<title>A page</title>text"
    with browsers.Web(t.folder) as web:
        web.bookmark(page, "A page")
        found = {app["name"]: app for app in t.run("apps", env={"XDG_DATA_HOME": None})}
        assert found["bookmarks-epiphany"]["path"] == str(web.bookmarks)
        t.run("add", "bookmarks-epiphany", "--all")
        t.run("backup")
    [item] = t.run("items", "bookmarks-epiphany")
    assert item["name"] == "A page"
    before = web.bookmarks.read_bytes()
    refused(t.run("restore", "fox", "--from", phone.device, "--into", "bookmarks-epiphany", expect=3),
            "is only read, never written")
    assert web.bookmarks.read_bytes() == before
    t.app("file", "files", {"bookmarks.html": b""})
    html = t.phone / "file/bookmarks.html"
    t.run("apps", "add", "html", "--adapter", "bookmarks-html", "--path", html)
    told = t.run("restore", "bookmarks-epiphany", "--into", "html")
    assert results(told) == {"added": 1}, told
    assert ">A page</A>" in html.read_text() and "UNFILED_BOOKMARKS_FOLDER" in html.read_text()
