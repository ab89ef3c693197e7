# SPDX-License-Identifier: Apache-2.0
"""Two programs at once on one Box."""
import pytest

from phone import card, noise
from programs import named, wait_until


def test_a_second_backup_waits_for_the_first_and_both_succeed(relayed, make_terminal):
    server, relay = relayed
    t = make_terminal()
    t.init(server)
    t.documents({"one": noise(200_000, 1), "two": b"two"})
    t.run("add", "documents", "one")
    relay.hold("up", 50_000)
    first = t.start("backup")
    relay.wait_reached(first)
    t.run("add", "documents", "two")  # the Box is not locked meanwhile
    second = t.start("backup")
    wait_until(lambda: str(first.pid) in second.stderr, "the second backup names whom it waits for")
    assert first.is_alive() and second.is_alive()
    relay.let_go()
    assert named(first.finish()["uploaded"]) == ["one"]
    assert named(second.finish()["uploaded"]) == ["two"]
    assert {i["name"]: i["versions"] for i in t.run("cloud")} == {"one": 1, "two": 1}


def test_two_terminals_of_one_account_back_up_at_once(relayed, make_terminal):
    server, relay = relayed
    relay.let_go()
    a = make_terminal("a")
    a.init(server)
    b = make_terminal("b")
    b.join(a)
    for t in (a, b):
        t.documents({f"of {t.name}": noise(100_000)})
        t.run("add", "documents", "--all")
    both = [t.start("backup") for t in (a, b)]
    for running in both:
        running.finish()
    for t in (a, b):
        (t.phone / "documents" / f"of {t.name}").write_bytes(b"changed")
        assert len(t.run("backup")["uploaded"]) == 1
        assert named(t.run("cloud", "--from", t.device)) == [f"of {t.name}"]


def test_a_terminal_joins_while_another_saves(make_relayed, make_terminal):
    """What the server says of a device and the device's newest batch are two answers."""
    server, relay = make_relayed()
    a, b, c = make_terminal("a"), make_terminal("b"), make_terminal("c")
    a.init(server)
    folder = a.contacts({"a": card("A", uid="a")})
    a.run("add", "contacts", "--all")
    a.run("backup")
    relay.forget()
    b.join(a)
    up = next(bytes(one.up) for one in relay.connections if b"POST /v1/item" in one.up)
    relay.hold("up", up.index(b"POST /v1/item"), once=True)
    c.passphrase = a.passphrase
    running = c.start("join", a.server, "--account", a.account, "--name", c.name,
                      env={"CLOUDBOX_PASSPHRASE": a.passphrase})
    relay.wait_reached(running)
    (folder / "a.vcf").write_bytes(card("A", uid="a", tel="+4977"))
    assert len(a.run("backup")["uploaded"]) == 1
    words = a.run("status")["head_words"]
    relay.let_go()
    newest = {one["device"]: one["head_words"] for one in running.finish()["newest"]}
    assert newest[a.device] == words


def test_a_box_is_read_and_changed_while_a_backup_runs(relayed, make_terminal):
    server, relay = relayed
    relay.let_go()
    t = make_terminal()
    t.init(server)
    t.contacts({"a": card("A", uid="a"), "b": card("B", uid="b")})
    t.run("add", "contacts", "A")
    relay.hold("up", 300)
    running = t.start("backup")
    relay.wait_reached(running)
    assert named(t.run("add", "contacts", "B")["added"]) == ["B"]
    assert len(t.run("box", "contacts")) == 2
    assert t.run("status")["items"] == 0
    relay.let_go()
    assert named(running.finish()["uploaded"]) == ["A"]
    assert named(t.run("backup")["uploaded"]) == ["B"]
