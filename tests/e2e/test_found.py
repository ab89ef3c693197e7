# SPDX-License-Identifier: Apache-2.0
"""What is on a terminal without being told: the user's folders, the browsers' profiles; and when its pictures were
taken."""
import os
import pathlib
import shutil

import pytest

from programs import by_name, put

CORPUS = os.environ.get("CLOUDBOX_CORPUS")


@pytest.fixture
def phone(make_terminal, server):
    t = make_terminal()
    t.init(server)
    return t


def taken(items):
    return {item["name"]: item["taken_at"] for item in items}


def test_pictures_show_when_they_were_taken_here_in_the_box_and_in_the_cloud(phone, make_terminal):
    media = pathlib.Path(CORPUS or "/nonexistent") / "media/metadata-extractor-images"
    if not media.is_dir():
        pytest.skip("no corpus with pictures: CLOUDBOX_CORPUS")
    pictures = phone.folder / "Pictures"
    pictures.mkdir()
    for name in ("jpg/Apple_iPhone_4.jpg", "heic/IMG_2927.HEIC", "mp4/with-gps.mp4", "gif/Issue_201.gif"):
        shutil.copy(media / name, pictures)
    expected = {"Apple_iPhone_4.jpg": "2011-01-13T14:33:39", "IMG_2927.HEIC": "2020-05-04T18:39:11-04:00",
                "with-gps.mp4": "2017-02-22T08:20:28Z", "Issue_201.gif": None}
    assert taken(phone.run("items", "pictures")) == expected
    phone.run("add", "pictures", "--all")
    assert taken(phone.run("box", "pictures")) == expected
    phone.run("backup")
    assert taken(phone.run("cloud", "pictures")) == expected
    for command in (("items", "pictures"), ("box", "pictures"), ("cloud",)):
        assert "IMG_2927.HEIC (2020-05-04 18:39)" in phone.run(*command, json=False)
    # another picture under the name
    shutil.copy(media / "jpg/HTC_Desire.jpg", pictures / "Apple_iPhone_4.jpg")
    assert taken(phone.run("items", "pictures"))["Apple_iPhone_4.jpg"] == "2011-05-06T09:59:48"
    phone.run("backup")
    assert taken(phone.run("cloud", "pictures"))["Apple_iPhone_4.jpg"] == "2011-05-06T09:59:48"
    other = make_terminal()
    other.join(phone)
    assert taken(other.run("cloud", "pictures", "--from", phone.device))["IMG_2927.HEIC"] == expected["IMG_2927.HEIC"]


def test_what_is_found_keeps_its_name_whatever_is_found_beside_it(phone):
    """Two profiles of one name: the second is NAME-2, for good."""
    def profile(root, path, name="default"):
        put(phone.folder, {f"{root}/profiles.ini":
                           f"[Profile0]\nName={name}\nIsRelative=1\nPath={path}\n".encode(),
                           f"{root}/{path}/places.sqlite": b""})
        return str(phone.folder / root / path)

    old = profile(".mozilla/firefox", "x.default")
    (phone.folder / "Pictures").mkdir()
    put(phone.folder / "Pictures", {"a": b"a"})
    assert by_name(phone.run("apps"))["bookmarks-firefox-default"]["path"] == old
    # as the Box would know it after a first shortcut
    phone.run("apps", "add", "bookmarks-firefox-default", "--adapter", "files", "--path", phone.folder / "Pictures")
    phone.run("apps", "remove", "bookmarks-firefox-default")
    new = profile(".config/mozilla/firefox", "a.default")  # comes first by path
    apps = by_name(phone.run("apps"))
    assert apps["bookmarks-firefox-default"]["path"] == new
    assert apps["bookmarks-firefox-default-2"]["path"] == old


def test_a_found_app_that_the_box_knows_keeps_its_name(phone):
    pictures = phone.folder / "Pictures"
    pictures.mkdir()
    put(pictures, {"a": b"a"})
    phone.run("add", "pictures", "--all")
    phone.run("backup")
    (phone.folder / ".config").mkdir()
    (phone.folder / ".config/user-dirs.dirs").write_text('XDG_PICTURES_DIR="$HOME/Bilder"\nXDG_MUSIC_DIR="$HOME/Pictures"\n')
    (phone.folder / "Bilder").mkdir()
    apps = by_name(phone.run("apps"))
    assert apps["pictures"]["path"] == str(pictures) and "music" not in apps


def test_an_app_that_cannot_be_looked_at_now_is_listed_with_a_note(phone):
    put(phone.folder, {".purple/chatty/db/chatty-history.db": b"this is no database at all, and longer than a page"})
    put(phone.folder, {".mozilla/firefox/profiles.ini": b"[Profile0]\nName=x\nPath=x\n",
                       ".mozilla/firefox/x/places.sqlite": b"nor is this"})
    apps = by_name(phone.run("apps"))
    assert apps["bookmarks-firefox-x"]["items"] == 0
    assert "bookmarks-firefox-x: " in phone.stderr
    assert phone.run("backup")["failed"] == []  # nothing of it was chosen


def test_apps_add_with_the_name_of_a_found_app_says_where_it_is(phone):
    (phone.folder / "Pictures").mkdir()
    elsewhere = phone.phone / "photos"
    elsewhere.mkdir()
    put(elsewhere, {"a": b"a", "b": b"b"})
    assert by_name(phone.run("apps"))["pictures"]["items"] == 0
    phone.run("apps", "add", "pictures", "--adapter", "files", "--path", elsewhere)
    app = by_name(phone.run("apps"))["pictures"]
    assert app["path"] == str(elsewhere) and app["items"] == 2
