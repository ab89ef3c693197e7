# SPDX-License-Identifier: Apache-2.0
"""Beyond one batch, one record, one list: much data, and large data."""
import pytest

from phone import card, escape, jpeg, noise
from programs import tree

MANY = 10_400  # a batch holds 10,000 records


@pytest.fixture(scope="module")
def saver(relayed, make_terminal):
    t = make_terminal()
    t.init(relayed[0])
    return t


def blank(saver, make_terminal, app, adapter="files"):
    t = make_terminal()
    t.join(saver)
    t.app(app, adapter, {})
    return t


def test_more_items_than_a_batch_holds_are_saved_in_several_and_all_come_back(relayed, saver, make_terminal):
    server, relay = relayed
    cards = {f"c{i}": card(f"Person {i}", uid=f"m{i}", tel=f"+49{i:08}") for i in range(MANY)}
    folder = saver.contacts(cards)
    saver.run("add", "contacts", "--all")
    relay.forget()
    told = saver.run("backup")
    assert len(told["uploaded"]) == MANY and relay.requests == ["/v1/batches"] * 3  # 5,000 at most in each
    assert saver.run("backup")["requests"] == 0
    (folder / "c77.vcf").write_bytes(card("Person 77", uid="m77", tel="+491"))
    relay.forget()
    saver.run("backup")
    assert relay.requests == ["/v1/batches"] and relay.bytes <= 1200
    t = blank(saver, make_terminal, "contacts", "vcard")
    assert t.run("restore", "--from", saver.device)["written"] == MANY
    assert tree(t.phone / "contacts") == tree(folder)
    assert t.run("restore", "--from", saver.device)["written"] == 0
    relay.forget()
    (t.phone / "contacts" / "c5.vcf").unlink()
    assert t.run("restore", "contacts", "m5", "--from", saver.device)["written"] == 1
    assert len(relay.down) < 20_000


def test_more_bytes_than_a_batch_holds_go_in_several(relayed, saver, make_terminal):
    """Small enough to lie in records, too many for 8 MiB; killed between the first and the second."""
    server, relay = relayed
    files = {f"{i}": noise(30_000, i) for i in range(330)}
    t = make_terminal()
    t.init(server)
    t.app("notes", "files", files)
    t.run("add", "notes", "--all")
    relay.hold("up", 9 << 20)
    running = t.start("backup")
    relay.wait_reached(running)
    running.kill()
    relay.let_go(break_off=True)
    relay.forget()
    told = t.run("backup")
    assert relay.requests == ["/v1/batches"] and told["bytes_sent"] < 5 << 20
    assert len(told["uploaded"]) + told["unchanged"] == 330
    assert {i["versions"] for i in t.run("cloud")} == {1} and len(t.run("cloud")) == 330
    (t.phone / "notes").rename(t.phone / "lost")
    (t.phone / "notes").mkdir()
    t.run("restore")
    assert tree(t.phone / "notes") == files


def test_a_file_over_64_mib_is_padded_and_comes_back_without_it(relayed, saver, make_terminal):
    content = noise(1 << 20, 64) * 66 + b"the end"
    saver.app("videos", "files", {"film.mp4": content})
    saver.run("add", "videos", "film.mp4")
    saver.run("backup", "videos")
    t = blank(saver, make_terminal, "videos")
    t.run("restore", "videos", "--from", saver.device)
    assert (t.phone / "videos" / "film.mp4").read_bytes() == content


def database(n):
    """n pieces of 256 KiB with an SQLite header, each piece another."""
    pieces = [i.to_bytes(8, "big") + bytes(256 * 1024 - 8) for i in range(n)]
    header = b"SQLite format 3\0" + (4096).to_bytes(2, "big") + bytes([1, 1, 0, 64, 32, 32])
    return header + b"".join(pieces)[len(header):]


def test_a_list_of_more_than_512_chunks_is_itself_a_chunk(relayed, saver, make_terminal):
    server, relay = relayed
    content = database(600)
    saver.app("games", "files", {"save.db": content})
    saver.run("add", "games", "save.db")
    saver.run("backup", "games")
    changed = bytearray(content)
    changed[50_000_000] = 1
    (saver.phone / "games" / "save.db").write_bytes(changed)
    relay.forget()
    saver.run("backup", "games")
    assert len(relay.up) < 120_000  # one piece, the list, 600 ids; not 150 MB
    t = blank(saver, make_terminal, "games")
    t.run("restore", "games", "--from", saver.device)
    assert (t.phone / "games" / "save.db").read_bytes() == changed
    assert t.run("restore", "games", "save.db", "--version", "1", "--from", saver.device)["written"] == 1
    assert (t.phone / "games" / "save (from backup).db").read_bytes() == content


@pytest.mark.parametrize("lines,photo", [
    (["NOTE:" + escape("a long note, " * 9000)], None),
    ([f"X-{i}:{'v' * 60}" for i in range(2000)], None),
    ([f"X-{i}:{'w' * 2100}" for i in range(60)], None),
    ([], 9 << 20),
    (["NOTE:" + noise(40_000, 5).hex()], 50_000)])
def test_a_contact_larger_than_a_record_comes_back_to_the_byte(relayed, make_terminal, lines, photo):
    t = make_terminal()
    t.init(relayed[0])
    whole = card("Large", uid="large", tel="+491", lines=lines, photo=photo and jpeg(photo))
    folder = t.contacts({"large": whole, "small": card("Small", uid="small")})
    t.run("add", "contacts", "--all")
    assert len(t.run("backup")["uploaded"]) == 2
    (folder / "large.vcf").unlink()
    t.run("restore")
    assert (folder / "large.vcf").read_bytes() == whole
    (folder / "large.vcf").write_bytes(whole.replace(b"+491", b"+492"))
    assert len(t.run("backup")["uploaded"]) == 1
    assert t.run("restore")["written"] == 0
