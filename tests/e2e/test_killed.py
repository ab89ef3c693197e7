# SPDX-License-Identifier: Apache-2.0
"""kill -9, at many moments: nothing that was acknowledged is lost, nothing is doubled or half.

A relay holds the connection at a certain byte; that is the moment of the kill.
"""
import subprocess

import pytest

import programs
from clock import HOUR, Clock
from phone import jpeg, card, noise, people
from programs import tree, wait_until

CARDS = people(30)
FILES = {f"{i}.bin": noise(150_000 + i, seed=i) for i in range(6)}
FILM, CHUNK = 60 << 20, 4 << 20
ITEMS = len(CARDS) + len(FILES) + 1


@pytest.fixture(scope="module")
def world(relayed):
    return relayed


def prepare(t, server):
    t.init(server)
    t.contacts({**CARDS, "photo": card("With Photo", uid="photo", photo=jpeg(20_000))})
    t.documents(FILES)
    t.run("add", "contacts", "--all")
    t.run("add", "documents", "--all")


def complete(t, versions=1):
    """All of it lies there, once, and opens."""
    assert t.run("status")["unsaved_items"] == 0
    cloud = t.run("cloud")
    assert len(cloud) == ITEMS and {i["versions"] for i in cloud} == {versions}


# What is up there: `have` some hundred bytes, chunks some 920,000, the batch some 8,000.
UP = [("up", n) for n in (0, 1, 200, 999, 160_000, 500_001, 920_000, 920_001)]
DOWN = [("down", n) for n in (0, 1, 60, 160)]


@pytest.mark.parametrize("direction,position", UP + DOWN)
def test_a_killed_backup_is_finished_by_the_next(world, make_terminal, direction, position):
    server, relay = world
    t = make_terminal()
    prepare(t, server)
    relay.hold(direction, position)
    running = t.start("backup")
    relay.wait_reached(running)
    running.kill()
    relay.let_go(break_off=position % 2 == 0)  # else what it had sent still arrives
    t.run("backup")
    complete(t)
    assert t.run("backup")["requests"] == 0


def test_a_backup_killed_before_the_answer_came_is_not_sent_as_a_second_version(world, make_terminal):
    """The server has it, the terminal does not know: the same bytes again are the same batch."""
    server, relay = world
    t = make_terminal()
    t.init(server)
    t.contacts(CARDS)
    t.run("add", "contacts", "--all")
    relay.hold("down", 0)
    running = t.start("backup")
    relay.wait_reached(running)
    running.kill()
    relay.let_go()
    assert server.run("devices", t.account)[0]["seq"] == 1
    told = t.run("backup")
    [receipt] = t.run("receipts")  # one for both: the items of both, and the bytes of both
    assert receipt["kind"] == "backup" and receipt["items"] == len(CARDS)
    assert 1.8 * told["bytes_sent"] < receipt["bytes_sent"] <= 2 * told["bytes_sent"]
    assert {i["versions"] for i in t.run("cloud")} == {1}
    assert server.run("devices", t.account)[0]["seq"] == 1


def test_an_item_changed_between_kill_and_next_backup_is_saved_in_both_states(world, make_terminal):
    server, relay = world
    t = make_terminal()
    t.init(server)
    folder = t.contacts({"a": card("A", uid="a", tel="+491")})
    t.run("add", "contacts", "A")
    relay.hold("down", 0)
    running = t.start("backup")
    relay.wait_reached(running)
    running.kill()
    relay.let_go()
    (folder / "a.vcf").write_bytes(card("A", uid="a", tel="+492"))
    t.run("backup")
    assert [v["version"] for v in t.run("history", "contacts", "A")] == [2, 1]
    assert t.run("backup")["requests"] == 0


@pytest.mark.parametrize("position", [0, 700, 50_000, 300_000, 700_000])
def test_a_cut_connection_is_tried_again_in_the_same_run(world, make_terminal, position):
    server, relay = world
    t = make_terminal()
    prepare(t, server)
    relay.cut("up", position)
    t.run("backup")
    assert relay.reached
    complete(t)


def test_chunks_that_arrived_are_not_sent_again(world, make_terminal):
    server, relay = world
    t = make_terminal()
    t.init(server)
    t.documents(FILES)
    t.run("add", "documents", "--all")
    before = server.run("usage")["objects"]
    relay.hold("up", 700_000)  # within the fifth of six
    running = t.start("backup")
    relay.wait_reached(running)
    running.kill()
    relay.let_go(break_off=True)
    wait_until(lambda: server.run("usage")["objects"] == before + 4, "the server keeps what came whole")
    relay.forget()
    t.run("backup")
    assert 2 * 150_000 < len(relay.up) < 2 * 160_000


@pytest.fixture(scope="module")
def saved(world, make_terminal):
    t = make_terminal()
    prepare(t, world[0])
    t.run("backup")
    return t


def blank(saved, make_terminal):
    t = make_terminal()
    t.join(saved)
    t.contacts({})
    t.documents({})
    return t


def came_back(t, saved):
    told = t.run("restore", "--from", saved.device)
    assert not [i for i in told["items"] if i["result"] == "failed"]
    assert tree(t.phone) == tree(saved.phone)
    assert t.run("restore", "--from", saved.device)["written"] == 0


@pytest.mark.parametrize("position", [1500, 10_000, 200_000, 800_000])
def test_a_killed_restore_is_done_again_complete_and_not_doubled(world, saved, make_terminal, position):
    _, relay = world
    t = blank(saved, make_terminal)
    relay.hold("down", position)
    running = t.start("restore", "--from", saved.device)
    relay.wait_reached(running)
    running.kill()
    relay.let_go()
    for path, content in tree(t.phone).items():
        if not path.rsplit("/", 1)[-1].startswith("."):
            assert content == tree(saved.phone)[path], f"half a file: {path}"
    came_back(t, saved)


@pytest.mark.parametrize("files", [1, 5, 33])
def test_a_restore_killed_while_it_writes_is_done_again_complete_and_not_doubled(
        world, saved, make_terminal, files):
    t = blank(saved, make_terminal)
    running = t.start("restore", "--from", saved.device)
    wait_until(lambda: sum(p.is_file() for p in t.phone.rglob("*")) >= files or not running.is_alive(),
               f"{files} files are there")
    running.kill()
    came_back(t, saved)


def test_a_merge_killed_while_it_writes_a_file_of_many_cards_leaves_the_old_or_the_new_file(
        world, make_terminal):
    t = make_terminal()
    t.init(world[0])
    book = t.phone / "book.vcf"
    book.write_bytes(b"".join(CARDS.values()))
    t.run("apps", "add", "contacts", "--adapter", "vcard", "--path", book)
    t.run("add", "contacts", "--all")
    t.run("backup")
    whole = book.read_bytes()
    part = b"".join(list(CARDS.values())[:10])
    book.write_bytes(part)
    inode = book.stat().st_ino
    running = t.start("restore")
    wait_until(lambda: book.stat().st_ino != inode or not running.is_alive(), "the file is replaced")
    running.kill()
    assert book.read_bytes().startswith(part)
    t.run("restore")
    assert sorted(book.read_bytes().split(b"BEGIN:VCARD")) == sorted(whole.split(b"BEGIN:VCARD"))
    assert t.run("restore")["written"] == 0


# The server dies

@pytest.mark.parametrize("position", [100, 1000, 300_000, 921_500])
def test_a_server_killed_during_an_upload_goes_on_where_it_was(make_relayed, make_terminal, position):
    server, relay = make_relayed()
    t = make_terminal()
    prepare(t, server)
    relay.hold("up", position)
    running = t.start("backup")
    relay.wait_reached(running)
    server.kill()
    server.start()
    relay.let_go()
    running.finish()  # it tries again by itself
    complete(t)
    assert server.run("check")["damaged"] == []


def test_a_film_goes_on_at_its_chunk_by_itself_although_everything_is_started_anew(make_relayed, make_terminal, tmp_path):
    server, relay = make_relayed()
    clock, t = Clock(tmp_path / "clock"), make_terminal()
    t.env = clock.env
    t.init(server)
    t.documents({"film.bin": noise(FILM, seed=1)})
    t.run("add", "documents", "--all")
    t.run("auto", "all", "--every", "1m")
    relay.forget()
    for part in (0.2, 0.5, 0.8):
        sent = len(relay.up)
        relay.hold("up", int(part * FILM) - sent)
        running = t.start("run", "--once")
        relay.wait_reached(running)
        running.kill()
        relay.let_go(break_off=True)
        server.stop()
        server.start()
        clock.advance(HOUR)
    done = {d["task"]: d["result"] for d in t.run("run", "--once")["done"]}
    assert done["backup"] == "done"
    assert len(relay.up) < FILM + 4 * 2 * CHUNK
    assert [f["name"] for f in t.run("cloud", "documents")] == ["film.bin"]
    assert t.run("verify", "--data")["bad"] == []


def test_what_a_killed_server_acknowledged_is_there(make_relayed, make_terminal):
    server, relay = make_relayed()
    t = make_terminal()
    t.init(server)
    folder = t.contacts(CARDS)
    t.run("add", "contacts", "--all")
    for i in range(5):
        path = folder / "p00001.vcf"
        path.write_bytes(path.read_bytes().replace(b"END:", f"X-N{i}:{i}\r\nEND:".encode()))
        t.run("backup")
        server.kill()
        server.start()
    assert [v["version"] for v in t.run("history", "contacts", "uid-1-1")] == [5, 4, 3, 2, 1]
    assert server.run("check")["damaged"] == []


def test_two_servers_on_one_data_folder_are_refused(make_server):
    server = make_server()
    done = subprocess.run([programs.program("cloudboxd"), "serve", "--data", str(server.data),
                           "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr
    assert server.is_alive()
