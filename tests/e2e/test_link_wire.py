# SPDX-License-Identifier: Apache-2.0
"""Over a link of 150 ms each way, 3 % loss and 2 Mbit/s that goes away in the middle."""
import os
import time

import pytest

from phone import card, jpeg, noise
from programs import tree, wait_until
from wire import Wire

FULL = bool(os.environ.get("CLOUDBOX_FULL"))
SEED = int(os.environ.get("CLOUDBOX_SEED", "1"))
# How long the link is away.  TCP itself waits for a short while; after a minute without a byte the
# terminal cuts off and connects anew.
AWAY_S = [3, 75] if FULL else [3]
PHOTOS = {f"{i}.jpg": jpeg(25_000 + 1000 * i, seed=i) for i in range(4)}  # the larger ones are chunks
LARGE = {f"{i}.bin": noise(40_000, seed=10 + i) for i in range(4)}
CARDS = {f"c{i}": card(f"Person {i}", uid=f"c{i}", tel=f"+49{i:08}",
                       photo=jpeg(4000, seed=100 + i) if i < 8 else None) for i in range(20)}


@pytest.fixture
def wire(tmp_path):
    with Wire(tmp_path, delay_ms=150, loss=3, kbit=2000, seed=SEED) as wire:
        yield wire


@pytest.mark.parametrize("away_s", AWAY_S)
def test_over_a_bad_link_that_goes_away_all_is_saved_and_comes_back(wire, make_server, make_terminal, away_s):
    print(f"seed {SEED}")
    server = make_server(within=wire.far, host=wire.FAR)
    t = make_terminal(within=wire.near)
    t.init(server)
    t.contacts(CARDS)
    t.documents({**PHOTOS, **LARGE})
    for app in ("contacts", "documents"):
        t.run("add", app, "--all")
    objects = server.run("usage")["objects"]
    begun = time.monotonic()
    running = t.start("backup")
    wait_until(lambda: server.run("usage")["objects"] > objects or not running.is_alive(), "something arrived")
    assert running.is_alive(), "the link was too quick for this story"
    wire.toggle()
    time.sleep(away_s)  # this is the fault
    wire.toggle()
    told = running.finish()
    took_s = time.monotonic() - begun
    least = told["full_backup_bytes"]
    print(f"backup: {told['bytes_sent']} bytes sent of {least}, {told['requests']} requests, {took_s:.1f} s")
    assert len(told["uploaded"]) == len(CARDS) + len(PHOTOS) + len(LARGE)
    # A connection that was given up costs what was on its way: a chunk, and what lay in buffers.
    assert told["bytes_sent"] <= 1.02 * least + 3000 + (150_000 if away_s > 60 else 0)

    (t.phone / "contacts" / "c9.vcf").write_bytes(card("Person 9", uid="c9", tel="+4999"))
    told = t.run("backup")
    assert told["requests"] == 1 and told["bytes_sent"] + told["bytes_received"] <= 1200

    blank = make_terminal(within=wire.near)
    blank.join(t)
    blank.contacts({})
    blank.documents({})
    told = blank.run("restore", "--from", t.device)
    print(f"restore: {told['bytes_received']} bytes, {told['requests']} requests")
    assert tree(blank.phone) == tree(t.phone)
    assert told["bytes_received"] <= 1.1 * least + 10_000
    assert server.run("check", "--all")["damaged"] == []
    server.stop()  # before its namespace goes
