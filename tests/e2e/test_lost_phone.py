# SPDX-License-Identifier: Apache-2.0
"""A phone made of real apps: Cloudbox finds them all by itself; the phone is lost, and a new one, on which the same
apps were opened once, gets everything back from the server.  What counts is what the apps themselves show."""
import configparser
import contextlib
import subprocess

import pytest

import browsers
import desktop
import phone as made_up
import phone_apps
import test_chatty as chatty
import test_eds_calendar as calendars
import test_gnome_calls as calls
from programs import by_name, environment, put, tree

FILES = {"Documents/letter.txt": b"Dear Bo", "Documents/tax/2025.pdf": b"%PDF-1.4 tax", "Pictures/beach.jpg": chatty.JPEG,
         "Downloads/tool.AppImage": b"\x7fELF tool"}
ANNA = made_up.card("Anna Schmidt", uid="anna-1", tel="+4917012345").decode()
NEWS, MAPS = "https://news.example/", "https://maps.example/?q=home"

ITEMS = {"contacts": 1, "calendar": 2, "tasks": 1, "notes": 1, "messages": 3, "calls": 1, "bookmarks-firefox-home": 2,
         "bookmarks-chromium-default": 1, "documents": 2, "pictures": 1}


def make_profile(t):
    """As Firefox makes one of that name; its folder."""
    subprocess.run(["firefox-esr", "--headless", "--no-remote", "-CreateProfile", "home"], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                   env=environment(t.folder, MOZ_HEADLESS=1, MOZ_CRASHREPORTER_DISABLE=1))
    [ini] = [p for p in (t.folder / ".config/mozilla/firefox/profiles.ini", t.folder / ".mozilla/firefox/profiles.ini")
             if p.exists()]
    read = configparser.ConfigParser()
    read.read(ini)
    [path] = [read[s]["Path"] for s in read if read[s].get("Name") == "home"]
    return ini.parent / path


@contextlib.contextmanager
def firefox(t):
    with browsers.Firefox(t.profile) as fox:
        yield fox


def chromium(t):
    return browsers.Chromium(t.folder / ".config/chromium")


def open_all(t, bookmarks=""):
    """Every app once, as on a new phone; of Firefox's own first bookmarks nobody wants a second set."""
    for name in ("Documents", "Pictures", "Downloads"):
        (t.folder / name).mkdir()
    for kind in ("contacts", "events", "tasks", "memos"):
        t.eds(kind, "list")
    chatty.visit(t)
    calls.use(t)
    t.profile = make_profile(t)
    with firefox(t) as fox, chromium(t) as chrome:
        fox.run("await P.bookmarks.eraseEverything();" + bookmarks, NEWS, MAPS)
        if bookmarks:
            chrome.run(f"await chrome.bookmarks.create({{parentId: '1', title: 'News', url: '{NEWS}'}})")


BOOKMARKS = """
    await P.bookmarks.insert({parentGuid: P.bookmarks.toolbarGuid, url: A[0], title: 'News'});
    const trips = await P.bookmarks.insert({type: P.bookmarks.TYPE_FOLDER, parentGuid: P.bookmarks.menuGuid, title: 'Trips'});
    await P.bookmarks.insert({parentGuid: trips.guid, url: A[1], title: 'Home'});
"""


def fill(t):
    """What its owner did with the apps."""
    put(t.folder, FILES)
    t.eds("contacts", "add", ANNA)
    t.eds("events", "add", calendars.LUNCH, calendars.SERIES)
    t.eds("tasks", "add", calendars.TASK)
    t.eds("memos", "add", calendars.MEMO)
    chatty.received(t, "+4915112345678", "see you at eight", 1700000000)
    chatty.received(t, "+4915112345678", "great", 1700000060, direction=-1)
    chatty.received(t, "Bank", "your code is 1234", 1700000100)
    calls.use(t, "+491701234567")


def by_app(folders):
    return {folder["app"]: folder for folder in folders}


def said(objects, *names):
    """Of components or cards: these lines, sorted."""
    return sorted(line for text in objects for line in text.replace("\r\n ", "").splitlines()
                  if line.split(":")[0].split(";")[0] in names)


def seen(t):
    """What the apps themselves show."""
    names = ("UID", "SUMMARY", "DTSTART", "DUE", "RRULE", "TRIGGER", "DESCRIPTION", "PRIORITY")
    with firefox(t) as fox, chromium(t) as chrome:
        marks = fox.bookmarks(), chrome.bookmarks()
        fox.assert_coherent()
    return {"contacts": said(t.eds("contacts", "list"), "UID", "FN", "TEL"),
            "calendar": [said(t.eds(kind, "list"), *names) for kind in ("events", "tasks", "memos")],
            "messages": [r[:5] for r in sorted(chatty.rows(t), key=lambda r: r[3])],
            "calls": [(r[0], r[1], r[2][:19]) for r in calls.rows(t)], "bookmarks": marks,
            "files": {name: content for name, content in
                      {f"{d}/{n}": c for d in ("Documents", "Pictures", "Downloads")
                       for n, c in tree(t.folder / d).items()}.items() if "installed-programs" not in name}}


@pytest.fixture(scope="module")
def make_phone(tmp_path_factory):
    desktop.need_eds()
    desktop.need("dbus-daemon", "Xvfb", "chatty", "gnome-calls", "firefox-esr", "chromium", "chromedriver")
    phones = []

    def make(name, **how):
        t = phone_apps.Phone(tmp_path_factory.mktemp("phone"), name)
        phones.append(t)
        open_all(t, **how)
        return t

    yield make
    for one in phones:
        one.stop()


@pytest.fixture(scope="module")
def old(make_phone, server):
    t = make_phone("old phone", bookmarks=BOOKMARKS)
    fill(t)
    t.init(server)
    return t


def test_all_apps_are_found_without_being_told(old):
    apps = by_name(old.run("apps"))
    assert {name: apps[name]["items"] for name in ITEMS} == ITEMS, old.stderr
    assert "programs" in apps and all(app["in_box"] == 0 for app in apps.values())
    assert not old.stderr


def test_the_phone_is_lost_and_rebuilt_from_the_server(old, make_phone):
    before = seen(old)
    for app in by_name(old.run("apps")):
        old.run("add", app, "--all")
    told = old.run("backup")
    assert told["failed"] == [] and len(told["uploaded"]) >= sum(ITEMS.values())
    assert old.run("backup")["uploaded"] == []
    new = make_phone("new phone")
    new.join(old)
    assert new.eds("contacts", "list") == [] and chatty.rows(new) == []
    told = new.run("restore", "--from", old.device)
    assert {i["result"] for i in told["items"]} <= {"added", "merged", "identical"}, told
    assert new.run("restore", "--from", old.device)["written"] == 0
    assert seen(new) == before
    # and it takes over the Box: the same shortcuts, the same apps
    new.run("restore", "box", "--from", old.device)
    shortcuts = {name: folder["shortcuts"] for name, folder in by_app(new.run("box")).items()}
    assert {name: shortcuts[name] for name in ITEMS} == ITEMS
