# SPDX-License-Identifier: Apache-2.0
"""A server whose disk rots, or who lies: each bad item is named, the others come back, and
`cloudboxd check` finds what is damaged."""
import re
import shutil
import sqlite3

import pytest

from phone import card, jpeg, noise, people
from programs import tree

CARDS = {**people(12), "photo": card("With Photo", uid="photo", tel="+491", photo=jpeg(9000))}
FILES = {f"{i}.bin": noise(60_000, seed=i) for i in range(4)}


class World:
    """A server, a terminal that saved all, and a blank one to restore on."""

    def __init__(self, make_server, make_terminal, accounts=1):
        self.server = make_server()
        self.saved = []
        for i in range(accounts):
            t = make_terminal(f"saved {i}")
            t.init(self.server)
            t.contacts(CARDS)
            t.documents(FILES)
            t.run("add", "contacts", "--all")
            t.run("add", "documents", "--all")
            t.run("backup")
            self.saved.append(t)
        self.blank = make_terminal("blank")
        self.blank.join(self.saved[0])
        self.blank.contacts({})
        self.blank.documents({})

    def edit(self, change):
        """Stop the server, change its disk, start it: what `change` returns."""
        self.server.stop()
        with sqlite3.connect(self.server.data / "cloudbox.db") as db:
            result = change(db, self.server.data / "blobs")
        db.close()
        self.server.start()
        return result

    def restore(self, **how):
        told = self.blank.run("restore", "--from", self.saved[0].device, **how)
        return told, {i["id"]: i for i in told["items"] if i["result"] == "failed"}

    def only_missing(self, ids):
        """Everything but the named items came back, to the byte."""
        files = {f"{name}.vcf": (re.search(rb"UID:(.*)\r", raw)[1].decode(), raw)
                 for name, raw in CARDS.items()}
        expected = {f"contacts/{name}": raw for name, (uid, raw) in files.items() if uid not in ids}
        expected |= {f"documents/{name}": raw for name, raw in FILES.items() if name not in ids}
        assert tree(self.blank.phone) == expected


@pytest.fixture
def world(make_server, make_terminal):
    return World(make_server, make_terminal)


def objects(blobs):
    return sorted(p for p in blobs.rglob("*") if p.is_file())


def flip(raw, at=-1):
    raw = bytearray(raw)
    raw[at] ^= 1
    return bytes(raw)


def flip_file(path, at):
    path.write_bytes(flip(path.read_bytes(), at))


@pytest.mark.parametrize("at", [0, 4, 20, 60, -1])
def test_a_bit_flipped_in_a_chunk_costs_that_item_alone(world, at):
    world.edit(lambda db, blobs: flip_file(objects(blobs)[0], at))
    told, failed = world.restore(expect=3)
    assert len(failed) == 1
    [item] = failed.values()
    assert item["reason"] and item["name"] in {*FILES, "With Photo"}
    world.only_missing(failed)
    damaged = world.server.run("check", expect=1)["damaged"]
    assert len(damaged) == 1 and damaged[0]["account"] == world.saved[0].account
    assert damaged[0]["object"] and damaged[0]["reason"]


def test_a_chunk_that_is_gone_or_cut_costs_that_item_alone(world):
    def damage(db, blobs):
        one, two = objects(blobs)[:2]
        one.unlink()
        two.write_bytes(two.read_bytes()[:-100])

    world.edit(damage)
    told, failed = world.restore(expect=3)
    assert len(failed) == 2
    world.only_missing(failed)
    assert len(world.server.run("check", expect=1)["damaged"]) == 2


def test_two_swapped_chunks_are_both_noticed(world):
    def swap(db, blobs):
        by_size = {}
        for path in objects(blobs):
            by_size.setdefault(path.stat().st_size, []).append(path)
        one, two = [paths for paths in by_size.values() if len(paths) > 1][0][:2]
        first, second = one.read_bytes(), two.read_bytes()
        one.write_bytes(second)
        two.write_bytes(first)

    world.edit(swap)
    told, failed = world.restore(expect=3)
    assert len(failed) == 2
    world.only_missing(failed)
    assert len(world.server.run("check", expect=1)["damaged"]) == 2


def test_chunks_swapped_in_the_database_are_noticed_too(world):
    """The operator, not the disk: every checksum of the server fits."""
    def swap(db, blobs):
        rows = db.execute("SELECT device, cid, object, size, sha256 FROM chunks").fetchall()
        sizes = {}
        for row in rows:
            sizes.setdefault(row[3], []).append(row)
        one, two = [same for same in sizes.values() if len(same) > 1][0][:2]
        for mine, other in ((one, two), (two, one)):
            db.execute("UPDATE chunks SET object = ?, sha256 = ? WHERE device = ? AND cid = ?",
                       (other[2], other[4], mine[0], mine[1]))

    world.edit(swap)
    told, failed = world.restore(expect=3)
    assert len(failed) == 2
    world.only_missing(failed)


def records(db):
    return db.execute("SELECT id, item, frame FROM records WHERE flags = 0 ORDER BY id").fetchall()


@pytest.mark.parametrize("at", [0, 20, 32, 36, 60, -1])
def test_a_bit_flipped_in_a_record_costs_that_item_alone(world, at):
    def damage(db, blobs):
        id, item, frame = records(db)[3]
        db.execute("UPDATE records SET frame = ? WHERE id = ?", (flip(frame, at), id))

    world.edit(damage)
    told, failed = world.restore(expect=(0, 3))
    assert len(failed) <= 1  # none where it was a record of the Box itself
    world.only_missing(failed)
    damaged = world.server.run("check", expect=1)["damaged"]
    assert len(damaged) == 1 and damaged[0]["seq"] == 1 and damaged[0]["reason"]


def contacts_only(db):
    """Records of one size without chunks: contacts, most likely."""
    sizes = {}
    for row in records(db):
        if row[2][33:37] == b"\0\0\0\0":
            sizes.setdefault(len(row[2]), []).append(row)
    return max(sizes.values(), key=len)


def test_two_swapped_records_are_both_noticed(world):
    def swap(db, blobs):
        one, two = contacts_only(db)[:2]
        db.execute("UPDATE records SET frame = ? WHERE id = ?", (two[2], one[0]))
        db.execute("UPDATE records SET frame = ? WHERE id = ?", (one[2], two[0]))

    world.edit(swap)
    told, failed = world.restore(expect=3)
    assert len(failed) == 2
    world.only_missing(failed)
    assert len(world.server.run("check", expect=1)["damaged"]) == 2


def test_a_record_that_the_server_hides_is_an_alarm_and_the_others_come(world):
    def hide(db, blobs):
        id, item, _ = contacts_only(db)[0]
        db.execute("UPDATE items SET live = 0 WHERE item = ?", (item,))

    world.edit(hide)
    told, failed = world.restore(expect=(0, 1, 3))
    assert "items" in told, told
    assert len(tree(world.blank.phone)) == len(CARDS) + len(FILES) - 1
    assert world.blank.stderr.strip(), "the list is not what the device signed, and nobody says so"


def test_records_of_another_account_are_never_taken(make_server, make_terminal):
    world = World(make_server, make_terminal, accounts=2)

    def swap(db, blobs):
        devices = [row[0] for row in db.execute("SELECT row FROM devices ORDER BY row")]
        frames = {d: {} for d in devices}
        for id, device, frame in db.execute(
                "SELECT r.id, b.device, r.frame FROM records r JOIN batches b ON r.id / 16384 = b.id"):
            frames[device].setdefault(len(frame), []).append((id, frame))
        one, two = [d for d in devices if frames[d]][:2]
        size = next(s for s in sorted(frames[one]) if s in frames[two] and len(frames[one][s]) > 3)
        (mine, _), (_, theirs) = frames[one][size][0], frames[two][size][0]
        db.execute("UPDATE records SET frame = ? WHERE id = ?", (theirs, mine))

    world.edit(swap)
    told, failed = world.restore(expect=3)
    assert len(failed) == 1
    world.only_missing(failed)


def test_a_whole_server_set_back_is_an_alarm_at_the_next_backup(world, tmp_path):
    """Restored from its own backup: an older head than it acknowledged."""
    t, server = world.saved[0], world.server
    server.stop()
    shutil.copytree(server.data, tmp_path / "data")
    server.start()
    (t.phone / "documents" / "0.bin").write_bytes(noise(60_000, seed=50))
    t.run("backup")
    server.stop()
    shutil.rmtree(server.data)
    shutil.copytree(tmp_path / "data", server.data)
    server.start()
    (t.phone / "documents" / "1.bin").write_bytes(noise(60_000, seed=51))
    told = t.error("backup", expect=(1, 2))  # the question cannot be asked here
    assert told["code"] in ("alarm", "usage")
    t.run("backup", "--yes")
    cloud = {i["name"]: i for i in t.run("cloud")}
    assert len(cloud) == len(CARDS) + len(FILES)
    assert t.run("backup")["requests"] == 0
    for name in FILES:
        (t.phone / "documents" / name).unlink()
    saved = {n: noise(60_000, seed=s) for n, s in (("0.bin", 50), ("1.bin", 51))}
    t.run("restore", "documents")
    assert {k: v for k, v in tree(t.phone / "documents").items() if k in saved} == saved


def test_check_finds_nothing_where_nothing_is_damaged(world):
    told = world.server.run("check", "--all")
    assert told["damaged"] == [] and told["checked"] > 0
    assert world.server.run("check")["damaged"] == []


def test_a_damaged_box_is_named_and_a_fresh_one_can_join(make_terminal, server):
    t = make_terminal()
    t.init(server)
    t.documents({"a": b"a"})
    t.run("add", "documents", "a")
    t.run("backup")
    box = t.home / "box.db"
    box.write_bytes(box.read_bytes()[:4096] + noise(8192))
    told = t.error("box")
    assert told["message"]
    u = make_terminal()
    u.join(t)
    u.documents({})
    assert u.run("restore", "--from", t.device)["written"] == 1
