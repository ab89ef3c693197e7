# SPDX-License-Identifier: Apache-2.0
"""The server can read nothing: a thousand strings saved, searched for in its folder, its memory, its
log and on the wire (P15)."""
import base64
import os
import random
import re
import sqlite3
import string

import pytest

from phone import card, jpeg, noise
from programs import PASSPHRASE, tree

TAG = "Qx7Vw"  # every string begins with it, so that one search finds each of them
N = 1000


def secrets():
    r = random.Random(15)
    return [TAG + "".join(r.choices(string.ascii_letters, k=15)) for _ in range(N)]


def spellings(text):
    """The text as bytes, as UTF-16, in hexadecimal, and in base64 at each of its three offsets."""
    raw = text.encode()
    yield raw
    yield text.encode("utf-16-le")
    yield raw.hex().encode()
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw)
        yield coded[(before * 8 + 5) // 6:(before + len(raw)) * 8 // 6]


@pytest.fixture(scope="module")
def world(relayed, make_terminal):
    server, relay = relayed
    t = make_terminal("terminal of " + TAG)
    words = iter(secrets())
    t.init(server)
    cards, files = {}, {}
    for i in range(150):
        cards[f"{next(words)}"] = card(
            next(words), uid=next(words), tel=f"+49{i}",
            lines=[f"NOTE:{next(words)}", f"X-{next(words)}:1"],
            photo=jpeg(3000, i)[:100] + next(words).encode() + jpeg(3000, i)[100:] if i < 20 else None)
    while (name := next(words, None)) is not None:
        content = [word for word in (next(words, None), next(words, None)) if word]
        body = noise(200 if len(files) % 3 else 40_000, len(files))
        files[f"{name}/{TAG}.txt"] = "\n".join(content).encode() + body
    t.contacts(cards)
    t.documents(files)
    t.run("add", "contacts", "--all")
    t.run("add", "documents", "--all")
    t.run("backup")
    path = t.phone / "contacts" / f"{next(iter(cards))}.vcf"
    path.write_bytes(path.read_bytes().replace(b"+490", b"+4900"))
    t.run("backup")
    u = make_terminal("second")
    u.join(t)
    u.contacts({})
    u.documents({})
    t.run("cloud")
    t.run("history", "contacts", next(iter(t.run("box", "contacts")))["id"])
    u.run("restore", "--from", t.device)
    assert tree(u.phone) == tree(t.phone)
    return server, relay, t


def patterns(t, data_only=False):
    """What must not be found; the keys say what it is.  `data_only`: without the words that a
    program itself may contain."""
    wanted = {f"a plaintext string, spelling {i}": raw for i, raw in enumerate(spellings(TAG))}
    wanted["the passphrase"] = PASSPHRASE.encode()
    wanted["the recovery code"] = t.recovery_code.encode()
    wanted["the recovery code without dashes"] = t.recovery_code.replace("-", "").encode()
    if not data_only:
        wanted["an app's name"] = b"contacts"
        wanted["a property"] = b"BEGIN:VCARD"
    return wanted


def found_in(raw, t, data_only=False):
    return [what for what, pattern in patterns(t, data_only).items() if pattern in raw]


def folder_bytes(folder):
    return b"".join(os.fsencode(path) + (raw if isinstance(raw, bytes) else raw.encode())
                    for path, raw in tree(folder).items())


def memory(pid):
    """All that the process can read of its own memory, in pieces."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            area = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
            if not area or "[v" in line:  # [vvar], [vsyscall]: the kernel's
                continue
            start, end = (int(n, 16) for n in area.groups())
            if end - start > 1 << 30:  # a sanitizer's shadow: terabytes that are not there
                continue
            overlap = b""
            while start < end:
                try:
                    mem.seek(start)
                    piece = mem.read(min(end - start, 16 << 20))
                except OSError:
                    break
                if not piece:
                    break
                yield overlap + piece
                overlap = piece[-64:]
                start += len(piece)


def test_the_search_finds_what_is_there(world):
    """On the phone it is."""
    _, _, t = world
    assert "a plaintext string, spelling 0" in found_in(folder_bytes(t.phone), t)
    text = b"x" + base64.b64encode(b"12" + TAG.encode() + b"3")
    assert [what for what in found_in(text, t) if "spelling" in what]
    assert any(TAG.encode() in piece for piece in memory(os.getpid()))


def test_nothing_is_found_on_the_servers_disk(world):
    server, _, t = world
    raw = folder_bytes(server.data)
    assert len(raw) > 1_000_000
    assert found_in(raw, t) == []


def test_nothing_is_found_in_the_servers_memory(world):
    server, _, t = world
    leaks, size = set(), 0
    try:
        for piece in memory(server.pid):
            size += len(piece)
            leaks |= set(found_in(piece, t, data_only=True))
    except PermissionError as problem:
        pytest.skip(f"another process's memory cannot be read here: {problem}")
    assert size > 1_000_000
    assert leaks == set()


def test_nothing_is_found_in_the_servers_log(world):
    server, _, t = world
    assert server.output() and found_in(server.output().encode(), t) == []


def test_nothing_is_found_on_the_wire(world):
    _, relay, t = world
    assert len(relay.up) > 1_000_000 and len(relay.down) > 1_000_000
    assert found_in(relay.up, t) == [] and found_in(relay.down, t) == []


def test_what_an_operator_sees_is_numbers_and_ids(world):
    server, _, t = world
    told = str([server.run("accounts"), server.run("usage"), server.run("devices", t.account)])
    assert found_in(told.encode(), t) == []


def padded(length):
    """docs/formats/batch.md, Padding."""
    if length <= 1024:
        return min(s for s in (64, 128, 192, 256, 384, 512, 768, 1024) if s >= length)
    e = length.bit_length() - 1
    step = 1 << (e - e.bit_length())
    return -(-length // step) * step


def test_all_sizes_on_the_server_are_of_the_published_set(world):
    server, _, t = world
    with sqlite3.connect(f"file:{server.data}/cloudbox.db?mode=ro", uri=True) as db:
        frames = [row[0] for row in db.execute("SELECT frame FROM records")]
    assert len(frames) > 200
    for frame in frames:
        refs, size = int.from_bytes(frame[33:37], "little"), int.from_bytes(frame[37:41], "little")
        assert len(frame) == 41 + 32 * refs + size
        assert padded(size - 16) == size - 16
    objects = [p.stat().st_size for p in (server.data / "blobs").rglob("*") if p.is_file()]
    assert len(objects) > 40
    for size in objects:
        assert padded(size - 45 - 5 - 16) == size - 45 - 5 - 16


def test_sizes_of_short_texts_tell_next_to_nothing(world, make_terminal):
    server, relay, _ = world
    t = make_terminal()
    t.init(server)
    folder = t.documents({"note": b"a"})
    t.run("add", "documents", "note")
    t.run("backup")
    sizes = set()
    for length in range(1, 60, 4):
        (folder / "note").write_bytes(noise(length, length))
        sizes.add(t.run("backup")["bytes_sent"])
    assert len(sizes) <= 2  # 59 bytes are less than one step of the padding
