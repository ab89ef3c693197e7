# SPDX-License-Identifier: Apache-2.0
"""Is it all there still?  `verify` compares what a server shows with what this terminal signed and
keeps; `verify --data` opens everything.  A server that drops, damages or swaps is caught by name."""
import shutil
import sqlite3

import pytest

from phone import card, jpeg, noise, people
from programs import tree

CARDS = {**people(8), "photo": card("With Photo", uid="photo", tel="+491", photo=jpeg(9000))}
FILES = {f"{i}.bin": noise(60_000, seed=i) for i in range(3)}


@pytest.fixture(scope="module")
def saved(make_server, make_terminal):
    server, t = make_server(), make_terminal("phone")
    t.init(server)
    t.contacts(CARDS)
    t.documents(FILES)
    for app in ("contacts", "documents"):
        t.run("add", app, "--all")
    t.run("backup")
    return server, t


@pytest.fixture
def world(saved, tmp_path):
    """The server, to be damaged: afterwards its disk is as it was before."""
    server, t = saved
    server.stop()
    shutil.copytree(server.data, tmp_path / "before")
    server.start()
    yield saved
    put_back(server, tmp_path / "before")


def put_back(server, data):
    server.stop()
    shutil.rmtree(server.data)
    shutil.copytree(data, server.data)
    server.start()


def edit(server, change):
    """Stop the server, change its disk, start it."""
    server.stop()
    with sqlite3.connect(server.data / "cloudbox.db") as db:
        result = change(db)
    db.close()
    server.start()
    return result


def reasons(told):
    return {b["name"]: b["reason"] for b in told["bad"]}


def lists(t, expect):
    """What the lists say: no passphrase is needed for that."""
    passphrase, t.passphrase = t.passphrase, None
    told = t.run("verify", expect=expect)
    t.passphrase = passphrase
    return told


def objects(server):
    return sorted(p for p in (server.data / "blobs").rglob("*") if p.is_file())


def test_a_damaged_and_a_missing_chunk_are_found_by_opening_alone(world):
    server, t = world
    one, two = objects(server)[:2]
    one.write_bytes(one.read_bytes()[:-1] + bytes([one.read_bytes()[-1] ^ 1]))
    two.unlink()
    assert lists(t, 0)["bad"] == []
    told = t.run("verify", "--data", expect=1)
    assert len(told["bad"]) == 2
    assert all(b["name"] in {*FILES, "With Photo"} and b["reason"] and b["id"] for b in told["bad"])
    unproven = [s["name"] for app in ("contacts", "documents") for s in t.run("box", app)
                if not s["proven_at"]]
    assert sorted(unproven) == sorted(reasons(told))  # the others were just opened


def test_everything_is_there_and_each_item_was_opened(world):
    server, t = world
    told = lists(t, 0)
    items = told["checked"]
    assert told["bad"] == [] and items >= len(CARDS) + len(FILES)
    told = t.run("verify", "--data")
    assert told["bad"] == [] and told["checked"] == items == told["versions"]
    assert told["chunks"] == len(FILES) + 1
    assert all(s["proven_at"] for app in ("contacts", "documents") for s in t.run("box", app))
    said = t.run("verify", json=False)
    assert "verify --data" in said and f"{items} items checked" in said
    assert t.error("verify", "--data", expect=4, env={"CLOUDBOX_PASSPHRASE": "not it at all"})


def test_swapped_records_are_found_by_name(world):
    server, t = world

    def swap(db):
        rows = db.execute("SELECT id, length(frame), frame FROM records WHERE flags = 0").fetchall()
        sizes = {}
        for row in rows:
            sizes.setdefault(row[1], []).append(row)
        one, two = max(sizes.values(), key=len)[:2]
        db.execute("UPDATE records SET frame = ? WHERE id = ?", (two[2], one[0]))
        db.execute("UPDATE records SET frame = ? WHERE id = ?", (one[2], two[0]))

    edit(server, swap)
    told = t.run("verify", "--data", expect=1)
    assert len(told["bad"]) == 2 and all(b["app"] in ("contacts", "documents") for b in told["bad"])


def test_an_item_that_the_server_hides_is_missed_by_name(world):
    server, t = world

    def hide(db):
        item, = db.execute("SELECT item FROM items WHERE live > 0 LIMIT 1").fetchone()
        db.execute("UPDATE items SET live = 0 WHERE item = ?", (item,))

    edit(server, hide)
    told = lists(t, 1)
    by_app = {b["app"]: b for b in told["bad"]}
    assert len(told["bad"]) == 2 and "" in by_app  # the list as a whole, and the item
    assert by_app[""]["id"] == t.device
    assert told["checked"] >= len(CARDS) + len(FILES)


def test_a_blank_terminal_can_check_what_it_would_restore(world, make_terminal):
    server, t = world
    blank = make_terminal("blank")
    blank.join(t)
    told = blank.run("verify", "--data")
    assert told["bad"] == [] and told["checked"] >= len(CARDS) + len(FILES)
    objects(server)[0].unlink()
    told = blank.run("verify", "--data", expect=1)
    assert len(told["bad"]) == 1 and told["bad"][0]["name"] in {*FILES, "With Photo"}
    assert tree(blank.phone) == {}


def test_older_versions_are_opened_too(saved):
    server, t = saved
    for seed in (60, 61):
        (t.phone / "documents" / "1.bin").write_bytes(noise(60_000, seed=seed))
        t.run("backup")
    t.run("forget", "documents", "2.bin", "--yes")
    t.run("backup")
    told = t.run("verify", "--data")
    assert told["bad"] == [] and told["chunks"] == len(FILES) + 1 + 2
    with sqlite3.connect(f"file:{server.data}/cloudbox.db?mode=ro", uri=True) as db:
        assert told["versions"] == db.execute("SELECT count(*) FROM records").fetchone()[0]


def test_an_old_server_is_caught_and_what_it_lost_is_named(world, tmp_path):
    server, t = world
    (t.phone / "documents" / "0.bin").write_bytes(noise(60_000, seed=50))
    (t.phone / "contacts" / "new.vcf").write_bytes(card("New", uid="new"))
    t.run("add", "contacts", "New")
    t.run("backup")
    put_back(server, tmp_path / "before")
    told = reasons(lists(t, 1))
    assert {"phone", "New", "0.bin"} <= set(told)
    assert "older state" in told["phone"]
    assert "another version" in told["0.bin"] and "not there" in told["New"]


def test_another_account_log_is_caught(world):
    server, t = world
    t.run("recovery", "new", "--yes")
    edit(server, lambda db: db.execute("DELETE FROM log WHERE idx = (SELECT max(idx) FROM log)"))
    told = lists(t, 1)
    assert told["bad"][0]["name"] == "account log" and told["bad"][0]["id"] == t.account
