# SPDX-License-Identifier: Apache-2.0
"""Disks that fail or are full, under the server's data, the terminal's Box and the app's folder.

Nothing acknowledged is lost, nothing is half, and all go on once the disk is well.  A failed fsync
ends the server; it is never tried again.
"""
import mmap
import os
import random
import subprocess

import pytest

from flaky import FlakyDisk
from phone import card, noise, people
from programs import named, tree, wait_until

FULL = bool(os.environ.get("CLOUDBOX_FULL"))
SEED = int(os.environ.get("CLOUDBOX_SEED", "1"))
ROUNDS = 40 if FULL else 4  # on a disk that fails now and then


@pytest.fixture
def disk(tmp_path):
    with FlakyDisk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def shaky(tmp_path):
    """Every tenth write fails."""
    with FlakyDisk(tmp_path / "disk", rate="10%") as disk:
        yield disk


@pytest.fixture
def rarely(tmp_path):
    """One write in a hundred fails: several things are done before one is not."""
    with FlakyDisk(tmp_path / "disk", rate="1%") as disk:
        yield disk


def server_on(disk, make_server):
    server = make_server(start=False, options=["--min-free", "0"])
    server.data = disk.mount / "data"
    return server.start()


def phone(make_terminal, server):
    t = make_terminal()
    t.init(server)
    t.contacts(people(4))
    t.documents({"large": noise(200_000)})
    for app in ("contacts", "documents"):
        t.run("add", app, "--all")
    t.run("backup")
    return t


def change(t, i, large=True):
    """A new state of one contact, and of the file."""
    (t.phone / "contacts" / "p00000.vcf").write_bytes(card("Changed", uid="uid-1-0", tel=f"+49{i}"))
    if large:
        (t.phone / "documents" / "large").write_bytes(noise(200_000 + i, seed=f"{SEED} {i}"))


def comes_back(t, make_terminal):
    blank = make_terminal()
    blank.join(t)
    blank.contacts({})
    blank.documents({})
    blank.run("restore", "--from", t.device)
    assert tree(blank.phone) == tree(t.phone)
    assert blank.run("restore", "--from", t.device)["written"] == 0


def ended_by_its_disk(server):
    assert server.ended() == 1 and "fatal:" in server.output()


# Under a program that does nothing else

def test_the_failing_disk_says_of_each_write_of_whole_pages_whether_it_was_done(shaky):
    subprocess.run(["umount", shaky.mount], check=True)
    r = random.Random(SEED)
    disk = os.open(shaky.loop, os.O_WRONLY | os.O_DIRECT)
    image = os.open(shaky.image, os.O_RDONLY)
    shaky.fail()
    done, failed, lies = 0, 0, []
    try:
        for _ in range(400):
            size = mmap.PAGESIZE * r.choice((1, 3, 25, 100))
            at = mmap.PAGESIZE * r.randrange(8000)
            pages = mmap.mmap(-1, size)
            pages[:] = r.randbytes(size)
            try:
                assert os.pwrite(disk, pages, at) == size
                done += 1
                lies += [(at, size)] * (os.pread(image, size, at) != pages[:])
            except OSError:
                failed += 1
    finally:
        os.close(disk)
        os.close(image)
    print(f"seed {SEED}: {done} writes done, {failed} failed")
    assert done and failed and not lies


def store(path, content):
    """Durable, or OSError."""
    for name, flags, bytes in ((path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, content),
                               (path.parent, os.O_RDONLY | os.O_DIRECTORY, b"")):
        fd = os.open(name, flags)
        try:
            while bytes:
                bytes = bytes[os.write(fd, bytes):]
            os.fsync(fd)
        finally:
            os.close(fd)


def test_a_file_that_was_written_and_synced_stays_on_a_disk_that_fails_now_and_then(rarely):
    """The disk and its file system themselves: where they lose it, so does every server."""
    stored = {}
    for i in range(ROUNDS // 2):
        try:
            for j in range(20):
                content = noise(10_000 * (j % 3) + 1_000, seed=f"{SEED} {i} {j}")
                store(rarely.mount / f"{i}-{j}", content)
                stored[f"{i}-{j}"] = content
                rarely.fail()
        except OSError:
            pass
        rarely.remount()
        kept = tree(rarely.mount)
        assert [name for name in stored if kept.get(name) != stored[name]] == []
    print(f"seed {SEED}: {len(stored)} files stored in {ROUNDS // 2} rounds")


# Under the server

@pytest.mark.parametrize("large", [False, True])
def test_a_server_whose_disk_fails_ends_and_comes_back_with_all_that_it_acknowledged(
        disk, make_server, make_terminal, large):
    server = server_on(disk, make_server)
    t = phone(make_terminal, server)
    disk.fail()
    change(t, 1, large)
    running = t.start("backup")
    ended_by_its_disk(server)
    disk.remount()
    server.start()
    running.finish(expect=(0, 5))  # 5: where it had not reached the server before
    t.run("backup")
    assert server.run("check", "--all")["damaged"] == []
    versions = {i["name"]: i["versions"] for i in t.run("cloud")}
    assert versions["Changed"] == 2 and versions["large"] == 1 + large
    comes_back(t, make_terminal)
    server.stop()


def test_what_a_server_acknowledges_after_its_disk_failed_lies_on_the_disk(
        disk, make_server, make_terminal):
    """After a failed fsync the lost pages stay readable in memory.  A server that starts again and
    finds a commit there must not take it for stored: the next power cut takes it away."""
    server = server_on(disk, make_server)
    t = phone(make_terminal, server)
    disk.fail()
    change(t, 1, large=False)
    t.error("backup", expect=5)
    ended_by_its_disk(server)
    disk.heal()
    server.start()
    t.run("backup")  # acknowledged
    server.kill()
    disk.remount()
    server.start()
    assert [v["version"] for v in t.run("history", "contacts", "uid-1-0")] == [2, 1]
    assert server.run("check", "--all")["damaged"] == []
    comes_back(t, make_terminal)
    server.stop()


def test_a_server_on_a_disk_that_fails_now_and_then_loses_nothing_acknowledged(
        shaky, make_server, make_terminal):
    server = server_on(shaky, make_server)
    t = phone(make_terminal, server)
    r = random.Random(SEED)
    saved, died = 1, 0
    for i in range(1, ROUNDS + 1):
        change(t, i, large=r.random() < 0.5)
        shaky.fail()
        running = t.start("backup")
        wait_until(lambda: not (server.is_alive() and running.is_alive()), "one of them ends")
        if not server.is_alive():
            ended_by_its_disk(server)
            died += 1
            shaky.remount()
            server.start()
        saved += "error" not in running.finish(expect=(0, 1, 5))
        shaky.heal()
    print(f"seed {SEED}: {saved - 1} of {ROUNDS} acknowledged, the server ended {died} times")
    server.kill()
    shaky.remount()
    server.start()
    t.run("backup")
    versions = t.run("history", "contacts", "uid-1-0")
    assert saved <= len(versions) <= ROUNDS + 1
    assert server.run("check", "--all")["damaged"] == []
    comes_back(t, make_terminal)
    server.stop()


def test_a_server_on_a_full_disk_says_so_and_goes_on_when_there_is_room(disk, make_server, make_terminal):
    server = server_on(disk, make_server)
    t = phone(make_terminal, server)
    disk.fill()
    change(t, 1)
    told = t.error("backup", expect=1)
    assert told["code"] == "full" and told["hint"]
    assert server.is_alive()
    assert {i["versions"] for i in t.run("cloud")} == {1}  # it still gives what it has
    disk.make_room()
    t.run("backup")
    assert server.run("check", "--all")["damaged"] == []
    comes_back(t, make_terminal)
    server.stop()


# Under the Box

def box_on(disk, make_terminal):
    t = make_terminal()
    t.home = disk.mount / "box"
    return t


def saved_phone(t, server):
    t.init(server)
    t.contacts(people(4))
    t.documents({"large": noise(200_000)})
    for app in ("contacts", "documents"):
        t.run("add", app, "--all")
    t.run("backup")


def test_a_box_on_a_disk_that_fails_says_so_and_goes_on_when_it_is_well(disk, server, make_terminal):
    t = box_on(disk, make_terminal)
    saved_phone(t, server)
    disk.fail()
    change(t, 1)
    told = t.error("backup", expect=1)
    assert told["code"] == "io" and told["message"]
    disk.remount()
    t.run("backup")
    assert t.run("backup")["requests"] == 0
    assert len(t.run("history", "contacts", "uid-1-0")) == 2
    comes_back(t, make_terminal)


def test_a_box_on_a_disk_that_fails_now_and_then_saves_each_state_once(rarely, server, make_terminal):
    t = box_on(rarely, make_terminal)
    saved_phone(t, server)
    r = random.Random(SEED)
    saved = 1
    for i in range(1, ROUNDS + 1):
        change(t, i)
        rarely.fail()
        told = t.run("backup", expect=(0, 1))
        if r.random() < 0.5:  # again, on what memory kept of it
            rarely.heal()
            told = t.run("backup", expect=(0, 1))
        saved += "error" not in told
        rarely.remount()
        if "error" not in told:
            assert t.run("backup")["requests"] == 0
    print(f"seed {SEED}: {saved - 1} of {ROUNDS} acknowledged")
    t.run("backup")
    assert t.run("backup")["requests"] == 0
    assert saved <= len(t.run("history", "contacts", "uid-1-0")) <= ROUNDS + 1
    assert server.run("check", "--all")["damaged"] == []
    comes_back(t, make_terminal)


def test_a_box_on_a_full_disk_says_so_and_goes_on_when_there_is_room(disk, server, make_terminal):
    t = box_on(disk, make_terminal)
    saved_phone(t, server)
    disk.fill()
    change(t, 1)
    told = t.run("backup", expect=(0, 1))
    if "error" in told:
        assert told["error"]["code"] == "full" and told["error"]["message"]
    disk.make_room()
    t.run("backup")
    assert t.run("backup")["requests"] == 0
    assert len(t.run("history", "contacts", "uid-1-0")) == 2
    comes_back(t, make_terminal)


# Under the app's folder

FILES = {f"{i}.bin": noise(300_000, seed=i) for i in range(6)}


@pytest.fixture(scope="module")
def saved(server, make_terminal):
    t = make_terminal()
    t.init(server)
    t.contacts(people(20))
    t.documents(FILES)
    for app in ("contacts", "documents"):
        t.run("add", app, "--all")
    t.run("backup")
    return t


def blank_on(disk, saved, make_terminal):
    t = make_terminal()
    t.join(saved)
    t.phone = disk.mount / "phone"
    t.phone.mkdir()
    t.contacts({})
    t.documents({})
    disk.sync()
    return t


def shown(folder):
    """Without our temporary files, which a disk that fails may not let go; the next restore does."""
    return {p: c for p, c in tree(folder).items() if not p.rsplit("/", 1)[-1].startswith(".cloudbox-")}


def nothing_is_half(t, saved):
    whole = tree(saved.phone)
    for path, content in shown(t.phone).items():
        assert content == whole[path], f"half a file: {path}"


def all_is_restored(t, saved):
    told = t.run("restore", "--from", saved.device)
    assert not [i for i in told["items"] if i["result"] == "failed"]
    assert tree(t.phone) == tree(saved.phone)
    assert t.run("restore", "--from", saved.device)["written"] == 0


@pytest.mark.parametrize("rate, again", [("100%", False), ("10%", False), ("3%", True)])
def test_a_restore_to_a_disk_that_fails_leaves_nothing_half_and_is_done_again(
        tmp_path, saved, make_terminal, rate, again):
    with FlakyDisk(tmp_path / "disk", rate=rate) as disk:
        t = blank_on(disk, saved, make_terminal)
        disk.fail()
        told = t.run("restore", "--from", saved.device, expect=(1, 3) if rate == "100%" else (0, 1, 3))
        failed = [i for i in told.get("items", []) if i["result"] == "failed"]
        assert all(i["reason"] for i in failed)
        assert failed or "error" in told or rate != "100%"
        if again:  # on what memory kept of it
            disk.heal()
            told = t.run("restore", "--from", saved.device, expect=(0, 1, 3))
        done = {i["name"] for i in told.get("items", []) if i["result"] in ("added", "identical")}
        disk.remount()
        nothing_is_half(t, saved)
        assert {n for n in done if n in FILES} <= set(tree(t.phone / "documents"))
        all_is_restored(t, saved)


def test_a_restore_to_a_full_disk_names_what_does_not_fit_and_later_brings_it(disk, saved, make_terminal):
    t = blank_on(disk, saved, make_terminal)
    disk.fill()
    told = t.run("restore", "--from", saved.device, expect=(1, 3))
    failed = [i for i in told.get("items", []) if i["result"] == "failed"]
    assert "error" in told or (failed and all(i["reason"] for i in failed))
    nothing_is_half(t, saved)
    disk.make_room()
    all_is_restored(t, saved)
