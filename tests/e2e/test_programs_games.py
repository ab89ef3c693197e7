# SPDX-License-Identifier: Apache-2.0
"""Programs and saved games: what is installed, as a list; a folder of a game as one item, both branches kept."""
import io
import os
import shutil
import subprocess
import tarfile

import pytest

import killed
from programs import by_name, put, tree

LIST = "installed-programs.txt"
KEPT = "installed-programs (from backup).txt"


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal("old")
    t.init(server)
    return t


@pytest.fixture(scope="module")
def other(make_terminal, phone):
    t = make_terminal("new")
    t.join(phone)
    return t


def game(t, slots=None):
    """The game's folder, with these slots and no others."""
    folder = t.phone / "saves"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    put(folder, slots or {})
    t.run("apps", "add", "chess", "--adapter", "game", "--path", folder)
    return folder


SAVES = {"auto.sav": b"autosave", "castle/world/0.region": b"\0" * 5000, "castle/level.dat": b"level 3",
         "castle/" + "deep/" * 30 + "f": b"deep"}


def test_a_folder_is_one_slot_and_comes_back_whole(phone, other, tmp_path):
    folder = game(phone, SAVES)
    os.utime(folder / "castle/level.dat", (1700000000, 1700000000))
    items = by_name(phone.run("items", "chess"))
    assert set(items) == {"auto.sav", "castle"} and items["castle"]["id"] == "castle.tar"
    phone.run("add", "chess", "--all")
    assert {i["name"] for i in phone.run("backup", "chess")["uploaded"]} == {"auto.sav", "castle"}
    assert phone.run("backup", "chess")["uploaded"] == []
    here = game(other)
    told = other.run("restore", "chess", "--from", phone.device)
    assert {i["result"] for i in told["items"]} == {"added"} and tree(here) == SAVES
    assert other.run("restore", "chess", "--from", phone.device)["written"] == 0
    assert tree(here) == SAVES


@killed.needs_faults
def test_killed_between_any_two_writes_a_slot_is_as_it_was_or_whole(make_terminal, server, tmp_path):
    old, new = make_terminal(), make_terminal()
    old.init(server)
    new.join(old)
    game(old, SAVES)
    old.run("add", "chess", "--all")
    old.run("backup")
    mine = {"castle/level.dat": b"level 1", "quick.sav": b"mine"}  # a branch of its own
    here = game(new, mine)
    new.run("items", "chess")
    restore = "restore", "chess", "--from", old.device
    put_back = killed.keep(new, tmp_path, "box", "phone")
    whole = None
    for where in killed.each(new, tmp_path, put_back, *restore):
        now = {path: raw for path, raw in tree(here).items() if not path.startswith(".cloudbox-")}
        whole = whole or now
        slots = {path.split("/")[0] for path in now}
        assert now == {path: raw for path, raw in whole.items() if path.split("/")[0] in slots}, where
        assert {path: now.get(path) for path in mine} == mine, where
        new.run(*restore)
        assert tree(here) == whole, where
        assert new.run(*restore)["written"] == 0 and tree(here) == whole, where
    assert len({path.split("/")[0] for path in whole}) == 4 and set(SAVES.values()) < set(whole.values())


def test_times_alone_make_no_version(phone):
    folder = phone.phone / "saves"
    for path in folder.rglob("*"):
        os.utime(path)
    assert phone.run("backup", "chess")["uploaded"] == []


def test_both_branches_stay_where_two_devices_played_on(phone, other):
    mine = game(phone, {**SAVES, "castle/level.dat": b"level 4", "auto.sav": b"mine"})
    phone.run("backup", "chess")
    theirs = {**SAVES, "castle/level.dat": b"level 9", "castle/more": b"x", "auto.sav": b"theirs"}
    here = game(other, theirs)
    both = {**theirs, "auto (from backup).sav": b"mine",
            **{f"castle (from backup)/{name.removeprefix('castle/')}": content
               for name, content in tree(mine).items() if name.startswith("castle/")}}
    told = other.run("restore", "chess", "--from", phone.device)
    assert told["written"] == 2 and tree(here) == both
    assert other.run("restore", "chess", "--from", phone.device)["written"] == 0 and tree(here) == both
    # and undone: what was played on in the restored branch stays
    (here / "castle (from backup)/level.dat").write_bytes(b"level 5")
    other.run("undo", expect=(0, 3))
    assert (here / "castle (from backup)/level.dat").read_bytes() == b"level 5"
    assert not (here / "auto (from backup).sav").exists()
    assert {n: c for n, c in tree(here).items() if "from backup" not in n} == theirs


def test_undo_takes_a_restored_folder_away(phone, other):
    here = game(other)
    other.run("restore", "chess", "castle.tar", "--from", phone.device)
    assert "castle/level.dat" in tree(here)
    other.run("undo")
    assert tree(here) == {} and list(here.iterdir()) == []


def test_a_slot_is_exported_as_a_tar_that_any_program_opens(phone, tmp_path):
    folder = game(phone, SAVES)
    phone.run("export", "chess", "castle.tar", "--to", f"{tmp_path}/out/")
    with tarfile.open(tmp_path / "out" / "castle.tar") as tar:
        inside = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}
    assert inside == {name.removeprefix("castle/"): content for name, content in tree(folder).items()
                      if name.startswith("castle/")}
    done = subprocess.run(["tar", "-tf", tmp_path / "out" / "castle.tar"], capture_output=True, text=True,
                          check=True)
    assert done.stdout.splitlines() == sorted(inside) and not done.stderr


def test_without_a_game_here_slots_become_files(phone, other, tmp_path):
    other.run("apps", "remove", "chess")
    other.run("restore", "chess", "--from", phone.device, "--create", tmp_path / "out")
    made = tree(tmp_path / "out" / "chess")
    assert set(made) == {"auto.sav", "castle.tar"}
    with tarfile.open(fileobj=io.BytesIO(made["castle.tar"])) as tar:
        assert "level.dat" in tar.getnames()


def installed(t, *names):
    """A made-up system of these Debian packages; the app that reads it."""
    put(t.phone / "system", {"var/lib/dpkg/status": "".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: all\n\n" for name in names).encode()})
    (t.phone / "downloads").mkdir(exist_ok=True)
    t.run("apps", "add", "programs", "--adapter", "programs", "--path", t.phone / "downloads",
          "--set", f"root={t.phone / 'system'}")
    return t.phone / "downloads"


def test_the_list_comes_beside_and_nothing_is_installed(phone, other):
    folder = installed(phone, "zsh", "firefox-esr", "mpv")
    put(folder, {"game.apk": b"PK", "letter.pdf": b"%PDF"})
    items = by_name(phone.run("items", "programs"))
    assert set(items) == {LIST, "game.apk"} and items[LIST]["size"] == len("deb firefox-esr\ndeb mpv\ndeb zsh\n")
    phone.run("add", "programs", "--all")
    phone.run("backup", "programs")
    assert phone.run("backup", "programs")["uploaded"] == []
    here = installed(other, "mpv")
    told = other.run("restore", "programs", "--from", phone.device)
    assert told["written"] == 2
    assert tree(here) == {"game.apk": b"PK", KEPT: b"deb firefox-esr\ndeb mpv\ndeb zsh\n"}
    assert other.run("restore", "programs", "--from", phone.device)["written"] == 0
    assert (other.phone / "system/var/lib/dpkg/status").read_text().count("Package:") == 1
    other.run("undo")
    assert tree(here) == {}


def test_a_new_program_is_a_new_version_of_the_list(phone):
    installed(phone, "zsh", "firefox-esr", "mpv", "htop")
    [item] = phone.run("backup", "programs")["uploaded"]
    assert item["name"] == LIST
    assert len(phone.run("history", "programs", LIST)) == 2


def test_the_same_programs_here_are_identical(phone, other):
    installed(other, "zsh", "firefox-esr", "mpv", "htop")
    [item] = other.run("restore", "programs", LIST, "--from", phone.device)["items"]
    assert item["result"] == "identical"


def test_programs_are_found_by_themselves(phone):
    phone.run("apps", "remove", "programs")
    downloads = phone.folder / "Downloads"
    downloads.mkdir()
    put(downloads, {"tool.AppImage": b"\x7fELF", "letter.pdf": b"%PDF"})
    app = by_name(phone.run("apps"))["programs"]
    has_list = any(os.path.exists(p) for p in ("/var/lib/dpkg/status", "/etc/apk/world"))
    assert app["path"] == str(downloads) and app["items"] == 1 + has_list
