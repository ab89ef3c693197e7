# SPDX-License-Identifier: Apache-2.0
"""A replacement phone goes on with the old one's chunks: nothing large is sent a second time."""
import pytest

from phone import card, jpeg, noise
from programs import named, put, tree

SMALL = 64_000  # records, and what frames them; no chunk
PICTURE = jpeg(9 << 20, seed=1)
PHOTO = jpeg(40_000, seed=2)
NUMBER = "+491701234567"


def ada(number=NUMBER):
    return card("Ada Lovelace", uid="ada", tel=number, photo=PHOTO)


@pytest.fixture(scope="module")
def old(make_terminal, server):
    """The phone that goes: a picture in three pieces, and a contact whose photo is a chunk."""
    t = make_terminal("old phone")
    t.init(server)
    t.contacts({"ada": ada()})
    t.app("pictures", "files", {"IMG_1.jpg": PICTURE})
    for app in ("contacts", "pictures"):
        t.run("add", app, "--all")
    t.first = t.run("backup")
    return t


def fill(t, *args):
    """Both apps at their places on this terminal, and everything restored into them."""
    for app, adapter in (("contacts", "vcard"), ("pictures", "files")):
        (t.phone / app).mkdir(exist_ok=True)
        t.run("apps", "add", app, "--adapter", adapter, "--path", t.phone / app)
    return t.run("restore", *args)


def phone(t):
    return {app: tree(t.phone / app) for app in ("contacts", "pictures")}


@pytest.fixture(scope="module")
def new(make_terminal, old):
    """Its replacement, with everything restored and backed up."""
    t = make_terminal("new phone")
    t.join(old, "--replace", old.device)
    assert fill(t)["written"] == 2
    t.first = t.run("backup")
    return t


def test_the_first_backup_of_a_replacement_sends_no_chunk_again(old, new):
    assert old.first["bytes_sent"] > len(PICTURE) + len(PHOTO)
    assert len(new.first["uploaded"]) == 2 and new.first["failed"] == []
    assert new.first["bytes_sent"] < SMALL
    assert new.run("backup")["bytes_sent"] == 0  # it is saved as it is


def test_a_third_terminal_gets_the_inherited_data_from_the_replacement(old, new, make_terminal):
    t = make_terminal("tablet")
    t.join(old)
    told = fill(t, "--from", new.device)
    assert {item["result"] for item in told["items"]} == {"added"}
    assert phone(t) == phone(old)


def test_a_changed_number_does_not_send_an_inherited_photo(new, make_terminal):
    put(new.phone / "contacts", {"ada.vcf": ada("+4930111")})
    told = new.run("backup")
    assert named(told["uploaded"]) == ["Ada Lovelace"] and told["bytes_sent"] < 4000
    t = make_terminal()
    t.join(new)
    fill(t, "--from", new.device)
    assert phone(t) == phone(new)


def test_of_a_changed_picture_only_the_changed_piece_is_sent(new, make_terminal):
    changed = PICTURE[:5 << 20] + b"a stamp" + PICTURE[(5 << 20) + 7:]
    put(new.phone / "pictures", {"IMG_1.jpg": changed})
    told = new.run("backup")
    assert named(told["uploaded"]) == ["IMG_1.jpg"]
    assert 4 << 20 < told["bytes_sent"] < (4 << 20) + SMALL  # the second of its three pieces
    t = make_terminal()
    t.join(new)
    fill(t, "--from", new.device)
    assert phone(t) == phone(new)


def test_what_came_another_way_and_is_found_identical_is_inherited_too(old, new, make_terminal):
    t = make_terminal("newest phone")
    put(t.phone, {f"{app}/{path}": raw for app, files in phone(new).items()
                  for path, raw in files.items()})
    t.join(new, "--replace", new.device)
    told = fill(t)
    assert {item["result"] for item in told["items"]} == {"identical"} and told["written"] == 0
    assert t.run("backup")["bytes_sent"] < SMALL
    u = make_terminal()
    u.join(old)
    fill(u, "--from", t.device)  # pieces of the first phone, and one of the second
    assert phone(u) == phone(new)


def test_nothing_was_lost_on_the_server(server, old, new):
    told = server.run("check", "--all")
    assert told["damaged"] == []


def test_what_is_gone_of_the_old_phone_is_sent_anew(make_terminal, make_server):
    server = make_server()
    old = make_terminal()
    old.init(server)
    old.app("pictures", "files", {"a.jpg": jpeg(100_000, seed=3), "b.bin": noise(200_000)})
    old.run("add", "pictures", "--all")
    old.run("backup")
    new = make_terminal()
    new.join(old, "--replace", old.device)
    (new.phone / "pictures").mkdir()
    new.run("apps", "add", "pictures", "--adapter", "files", "--path", new.phone / "pictures")
    new.run("restore")
    for blob in (server.data / "blobs").rglob("*"):
        if blob.is_file() and blob.stat().st_size < 150_000:  # the picture's
            blob.write_bytes(b"\0" * blob.stat().st_size)
    server.run("check", "--all", expect=1)  # the server knows now
    told = new.run("backup")
    assert len(told["uploaded"]) == 2 and told["failed"] == []
    assert 100_000 < told["bytes_sent"] < 100_000 + SMALL
    other = make_terminal()
    other.join(old)
    (other.phone / "pictures").mkdir()
    other.run("apps", "add", "pictures", "--adapter", "files", "--path", other.phone / "pictures")
    other.run("restore", "--from", new.device)
    assert tree(other.phone / "pictures") == tree(new.phone / "pictures")
