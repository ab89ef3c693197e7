# SPDX-License-Identifier: Apache-2.0
"""A restore is rehearsed: `drill` fetches, opens and merges items into a copy that is thrown away;
`drill --locked` compares the server's bytes with what the terminal keeps of them, without a passphrase.
What is damaged is named, and sent again with the next backup."""
import shutil
import sqlite3

import pytest

import liar as liars
from clock import DAY, HOUR, YEAR, Clock
from phone import card, jpeg, noise, people
from programs import tree
from test_bookmark_files import bookmarks, document, folder, link
from test_messages import LATER, ONE, PICTURE, TEXT, TWO, mms, smses

CARDS = {**people(8), "photo": card("With Photo", uid="photo", tel="+491", photo=jpeg(9000))}
FILES = {**{f"{i}.bin": noise(60_000, seed=i) for i in range(3)}, "large.bin": noise(9 << 20, seed=9), "empty": b""}
APPS = ("contacts", "documents", "messages", "bookmarks")


def fill(t):
    t.contacts(CARDS)
    t.documents(FILES)
    t.app("messages", "sms-xml", {"sms.xml": smses(ONE, TWO, LATER, mms(PICTURE, TEXT))})
    bookmarks(t, document(link("https://a.example/", "A"), folder("Work", link("https://b.example/", "B"))), "bookmarks")
    for app in APPS:
        t.run("add", app, "--all")
    t.run("backup")


@pytest.fixture(scope="module")
def saved(make_server, make_terminal):
    server, t = make_server(), make_terminal("phone")
    t.init(server)
    fill(t)
    return server, t


@pytest.fixture
def world(saved, tmp_path):
    """Server and phone, to be damaged: afterwards both are as they were before."""
    server, t = saved
    places = (server.data, tmp_path / "server"), (t.home, tmp_path / "box"), (t.phone, tmp_path / "phone")
    server.stop()
    for here, there in places:
        shutil.copytree(here, there)
    server.start()
    yield saved
    server.stop()
    for here, there in places:
        shutil.rmtree(here)
        shutil.copytree(there, here)
    server.start()


def edit(server, change):
    """Stop the server, change its database, start it."""
    server.stop()
    with sqlite3.connect(server.data / "cloudbox.db") as db:
        change(db)
    db.close()
    server.start()


def without_passphrase(t, *args, **how):
    passphrase, t.passphrase = t.passphrase, None
    try:
        return t.run(*args, **how)
    finally:
        t.passphrase = passphrase


def locked(t, **how):
    return without_passphrase(t, "drill", "--locked", **how)


def shortcuts(t):
    return [s for app in APPS for s in t.run("box", app)]


def last(t):
    return t.run("status")["last_drill"]


def objects(server):
    return sorted((p for p in (server.data / "blobs").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)


def bend(path, at=-20):
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def bend_record(db):
    """Flip a bit in the newest record of an item without chunks, perhaps one of the Box's own."""
    row, frame = db.execute("SELECT r.id, r.frame FROM records AS r JOIN items AS i ON i.folder = r.folder AND i.item = r.item "
                            "AND i.seq = r.seq WHERE i.live AND r.id NOT IN (SELECT record FROM refs) ORDER BY r.id LIMIT 1").fetchone()
    frame = bytearray(frame)
    frame[-5] ^= 4
    db.execute("UPDATE records SET frame = ? WHERE id = ?", (frame, row))


def mended(t, expected):
    """The next backup sends what was damaged, and then all of it comes back."""
    told = t.run("backup")
    assert {u["name"] for u in told["uploaded"]} >= expected, told
    told = t.run("drill", "--all")
    assert told["bad"] == [] and told["proven"] == told["items"]
    assert all(s["state"] == "saved" and s["proven_at"] for s in shortcuts(t))


def test_every_item_of_every_kind_comes_back_whole_and_nothing_is_changed(world):
    server, t = world
    before = tree(t.phone)
    assert last(t) is None and not any(s["proven_at"] for s in shortcuts(t))
    told = t.run("drill")
    assert told["kind"] == "full" and told["bad"] == []
    assert told["proven"] == told["items"] >= len(CARDS) + len(FILES) + 4 + 2
    assert all(s["proven_at"] and s["state"] == "saved" for s in shortcuts(t))
    assert tree(t.phone) == before
    assert last(t) == {"kind": "full", "at": last(t)["at"], "items": told["items"], "failed": 0}
    receipt = t.run("receipts")[0]
    assert receipt["kind"] == "drill" and receipt["items"] == told["items"]
    assert 9 << 20 < told["bytes_received"] == receipt["bytes_received"] < 11 << 20  # nothing came twice
    assert t.run("verify", "--data")["bytes_received"] < 11 << 20
    assert "came back whole" in t.run("drill", json=False)
    assert "full" in t.run("status", json=False)


def test_a_drill_is_bounded_and_those_of_long_ago_come_first(make_server, make_terminal):
    server, t = make_server(), make_terminal("phone")
    t.init(server)
    t.documents({f"{i:02}.bin": noise(4 << 20, seed=i) for i in range(12)} | {"40.bin": noise(40 << 20, seed=40)})
    t.run("add", "documents", "--all")
    t.run("backup")
    proven, rounds = {}, 0
    while len(proven) < 13:
        told, rounds = t.run("drill"), rounds + 1
        now = {s["name"]: s["proven_at"] for s in t.run("box", "documents") if s["proven_at"]}
        assert told["proven"] == told["items"] and rounds <= 5
        assert len(now) == 13 or all(now[name] == at for name, at in proven.items()), "one came before its turn"
        assert told["bytes_received"] < 34 << 20 or ("40.bin" in now and "40.bin" not in proven)
        proven = now
    assert t.run("drill", "--all")["proven"] >= 13


def test_a_bent_byte_in_a_record_and_in_a_chunk_and_a_missing_object_are_named_and_sent_again(world):
    server, t = world
    edit(server, bend_record)
    small, *_, large = objects(server)
    bend(large)
    small.unlink()
    told = t.run("drill", expect=3)
    assert len(told["bad"]) == 3 == told["again"], told
    assert told["proven"] == told["items"] - 3
    assert all(b["app"] in (*APPS, "box") and b["name"] and "the next backup sends it again" in b["reason"] for b in told["bad"])
    bad = {b["name"] for b in told["bad"] if b["app"] != "box"}
    assert "large.bin" in bad
    assert {s["name"] for s in shortcuts(t) if not s["proven_at"]} == bad
    assert last(t)["failed"] == 3 and t.run("receipts")[0]["kind"] == "drill"
    assert "3" in t.run("status", json=False)
    mended(t, bad)
    assert last(t)["failed"] == 0


def test_swapped_records_are_named(world):
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
    told = t.run("drill", expect=3)
    assert len(told["bad"]) == 2
    mended(t, {b["name"] for b in told["bad"] if b["app"] != "box"})


def test_what_is_not_on_the_terminal_any_more_cannot_be_sent_again_and_that_is_said(world):
    server, t = world
    (t.phone / "documents/large.bin").unlink()
    t.run("backup")
    bend(objects(server)[-1])
    told = t.run("drill", expect=3)
    assert [b["name"] for b in told["bad"]] == ["large.bin"] and told["again"] == 0
    assert "not on this terminal any more" in told["bad"][0]["reason"]


def test_a_locked_drill_takes_no_passphrase_and_finds_nothing_wrong_with_an_honest_server(world):
    server, t = world
    told = locked(t)
    assert told["kind"] == "locked" and told["bad"] == []
    assert told["chunks"] >= 6 and told["records"] + told["chunks"] <= 32
    assert told["items"] >= len(CARDS) + len(FILES) + 6
    assert not any(s["proven_at"] for s in shortcuts(t))  # nothing was opened
    assert last(t)["kind"] == "locked" and last(t)["failed"] == 0
    assert t.run("receipts")[0]["kind"] == "drill"
    assert "drawn" in without_passphrase(t, "drill", "--locked", json=False)
    assert without_passphrase(t, "drill", expect=(2, 4))["error"]


def test_a_locked_drill_names_what_it_drew_and_found_changed(world):
    """So few items that each is drawn."""
    server, t = world
    large = objects(server)[-1]
    bend(large)
    edit(server, lambda db: db.execute("DELETE FROM chunks WHERE size = (SELECT min(size) FROM chunks)"))
    told = locked(t, expect=3)
    bad = {b["name"] for b in told["bad"]}
    assert "large.bin" in bad and len(bad) == 2 == told["again"], told
    mended(t, bad)


def test_the_65th_ciphertext_of_a_day_is_refused_in_words_and_the_passphrase_is_not_limited(world):
    server, t = world
    assert locked(t)["records"] and locked(t)["records"]
    drawn = None
    for _ in range(64):
        told = locked(t, expect=(0, 1))
        if "error" in told:
            drawn = told["error"]
            break
    assert drawn and drawn["code"] == "refused" and "today" in drawn["message"], drawn
    assert "64" in drawn["hint"] and "cloudbox drill" in drawn["hint"]
    server.stop()
    server.start()
    assert locked(t, expect=1)["error"]["code"] == "refused"  # a restart forgets nothing
    assert t.run("drill")["bad"] == []


def test_a_damaged_record_that_the_server_found_itself_is_sent_anew(world):
    server, t = world
    edit(server, bend_record)
    assert len(server.run("check", expect=1)["damaged"]) == 1
    told = locked(t, expect=3)
    assert len(told["bad"]) == 1 and "the server found its record damaged" in told["bad"][0]["reason"]
    mended(t, {b["name"] for b in told["bad"] if b["app"] != "box"})
    assert locked(t)["bad"] == []  # older versions are nobody's worry


def test_a_killed_drill_changes_nothing(world):
    server, t = world
    before = tree(t.phone), [{**s, "proven_at": None} for s in shortcuts(t)]
    for _ in range(3):
        drill = t.start("drill")
        shortly = sqlite3.connect(f"file:{t.home}/box.db?mode=ro", uri=True)
        while drill.is_alive() and not shortly.execute("SELECT count(*) FROM saved WHERE proven_ms > 0").fetchone()[0]:
            pass
        shortly.close()
        drill.kill()
        assert (tree(t.phone), [{**s, "proven_at": None} for s in shortcuts(t)]) == before
    assert t.run("drill", "--all")["bad"] == [] and t.run("backup")["uploaded"] == []


def test_a_server_that_lies_on_the_way_is_caught_by_both_drills(saved, make_terminal):
    server, _ = saved
    with liars.Liar(server, keys_of=server) as liar:
        t = make_terminal("lied to")
        t.init(server, server.invite().replace(server.address, liar.address))
        t.documents(FILES)
        t.run("add", "documents", "--all")
        t.run("backup")

        def bent(call, where):
            def lie(exchange):
                body = bytearray(exchange.body)
                if exchange.call == call and body:
                    body[int(len(body) * where)] ^= 1
                return bytes(body)
            return lie

        for call in "/v1/records", "/v1/objects":
            for where in 0.3, 0.9:
                liar.lie = bent(call, where)
                told = t.run("drill", expect=(1, 3))
                assert told["bad"] and all(b["reason"] for b in told["bad"]), (call, where)
                liar.lie = None
                t.run("backup")
            liar.lie = bent(call, 0.6)
            assert locked(t, expect=(1, 3))["bad"], call
            liar.lie = None
            t.run("backup")
        assert t.run("drill")["bad"] == []


def test_refusals(world, make_terminal):
    server, t = world
    assert t.error("drill", "--all", "--locked", expect=2)["code"] == "usage"
    assert t.error("drill", expect=4, env={"CLOUDBOX_PASSPHRASE": "not it at all"})["code"] == "locked"
    blank = make_terminal("blank")
    blank.join(t)
    assert blank.error("drill")["code"] == "not-found" and blank.error("drill", "--locked")["code"] == "not-found"
    server.stop()
    assert t.error("drill", "--locked", expect=5)["hint"]
    server.start()


def by_itself(t, expect=0, locked=True):
    """What `run --once` did: task -> what of it; nobody types a passphrase where it is `locked`."""
    run = without_passphrase if locked else lambda t, *args, **how: t.run(*args, **how)
    told = run(t, "run", "--once", expect=expect)
    return {done["task"]: done for done in told["done"]}, {w["task"]: w for w in told["waiting"]}


def test_drills_come_by_themselves_weekly_without_and_at_unlocks_with_the_passphrase(make_server, make_terminal, tmp_path):
    clock = Clock(tmp_path / "clock", at="2026-03-01T12:00:00Z")
    server, t = make_server(start=False), make_terminal("years")
    server.env = t.env = clock.env
    server.start()
    t.init(server)
    fill(t)
    t.run("auto", "all")
    done, waits = by_itself(t)
    assert not {"drill", "locked-drill"} & set(done)
    assert waits["locked-drill"]["reason"] == waits["drill"]["reason"] == "time"
    assert waits["locked-drill"]["until"].startswith("2026-03-08") and waits["drill"]["until"].startswith("2026-05-31")
    clock.advance(8 * DAY)
    done, _ = by_itself(t)
    assert done["locked-drill"]["result"] == "done" and "drill" not in done and last(t)["kind"] == "locked"
    assert "locked-drill" not in by_itself(t)[0]  # once a week
    done, _ = by_itself(t, locked=False)
    assert done["drill"]["result"] == "done" and done["drill"]["bytes_received"] < 9 << 20  # the largest is left out
    assert {s["name"] for s in shortcuts(t) if not s["proven_at"]} == {"large.bin"}
    assert "drill" not in by_itself(t, locked=False)[0]
    clock.advance(90 * DAY)
    assert by_itself(t)[1]["drill"]["reason"] == "time"
    clock.advance(2 * DAY)
    done, waits = by_itself(t)
    assert "drill" not in done and waits["drill"] == {"task": "drill", "reason": "unlock", "until": None}
    assert "passphrase" in t.run("status", json=False)
    t.run("auto", "off")
    assert "three months" in t.run("status", json=False)
    t.run("auto", "all")
    t.run("drill")  # by hand: that counts
    assert by_itself(t)[1]["drill"]["reason"] == "time"
    # A clock that was set by years, and back: neither for ever nor again and again.
    for years in 10, -10, -10, 10:
        clock.jump(years * YEAR)
        by_itself(t, expect=(0, 1, 3, 5))
        assert "locked-drill" not in by_itself(t, expect=(0, 1, 3, 5))[0]


def test_damage_that_a_drill_finds_by_itself_is_told_once_and_mended_by_itself(make_server, make_terminal, tmp_path):
    clock = Clock(tmp_path / "clock")
    server, t = make_server(start=False), make_terminal("damaged")
    server.env = t.env = clock.env
    server.start()
    t.init(server)
    t.documents(FILES)
    t.run("add", "documents", "--all")
    t.run("backup")
    t.run("auto", "all")
    by_itself(t)
    clock.advance(8 * DAY)
    bend(objects(server)[-1])
    done, _ = by_itself(t, expect=3)
    assert done["locked-drill"]["result"] == "partial" and done["locked-drill"]["failed"] == 1
    assert "large.bin" in t.stderr and "the next backup sends it again" in t.stderr
    done, _ = by_itself(t)
    assert done["backup"]["items"] == 1 and "large.bin" not in t.stderr
    clock.advance(DAY + HOUR)
    assert by_itself(t)[0]["locked-drill"]["result"] == "done"  # not only a week later: is it mended?
    assert last(t)["failed"] == 0 and "locked-drill" not in by_itself(t)[0]
    assert t.run("drill", "--all")["bad"] == []


def test_a_terminal_that_took_anothers_place_proves_what_it_refers_to_and_mends_it(make_server, make_terminal):
    server, old, new = make_server(), make_terminal("old"), make_terminal("new")
    old.init(server)
    old.documents(FILES)
    old.run("add", "documents", "--all")
    old.run("backup")
    new.join(old, "--replace", old.device, "--yes")
    new.documents({})
    new.run("restore", "documents")
    assert new.run("backup")["bytes_sent"] < 1 << 20  # the old one's pieces are referred to
    assert new.run("drill", "--all")["bad"] == []
    assert locked(new)["bad"] == []
    bend(objects(server)[-1])
    told = new.run("drill", "--all", expect=3)
    assert [b["name"] for b in told["bad"]] == ["large.bin"] and told["again"] == 1
    assert 4 << 20 < new.run("backup")["bytes_sent"] < 5 << 20  # the one piece, its own now
    assert new.run("drill", "--all")["bad"] == []
