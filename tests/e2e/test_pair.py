# SPDX-License-Identifier: Apache-2.0
"""One terminal takes another one into the account: a QR code and an address, six digits on both, and a
server between them that can only pass on or break off (docs/protocol/pairing.md)."""
import base64
import json
import os
import queue
import re
import shutil
import signal
import struct
import subprocess
import threading

import pytest

import liar as liars
from clock import Clock
from phone import card
from programs import by_name, tree, wait_until

SAME = r"show the same\? \[y/N\] "
DIGITS = r"\n    (\d{3} \d{3})\r?\n"


def shows(host, *args):
    """A host that waits, and its address."""
    running = host.start("pair", "--yes", *args)
    wait_until(lambda: "\n" in running.stdout or not running.is_alive(), "the address")
    return running, json.loads(running.stdout)["url"]


def pair(host, joiner):
    running, url = shows(host)
    told = joiner.run("join", url, "--name", joiner.name, "--yes")
    running.finish()
    joiner._keep(told)
    joiner.passphrase = host.passphrase
    return told


def alive(t):
    return {d["id"] for d in t.run("devices") if d["state"] == "alive"}


def interrupt(running, expect=1):
    """Ctrl-C; what it says."""
    os.kill(running.pid, signal.SIGINT)
    running.finish(expect=expect)
    return running.stderr


def saves(t, number):
    folder = t.contacts({"anna": card("Anna", uid=f"anna-{t.name}", tel=number)})
    t.run("add", "contacts", "--all", "--yes")
    told = t.run("backup")
    assert len(told["uploaded"]) == 1 and told["failed"] == []
    return folder


def saves_and_restores(t, number):
    """It is a device like any other: a backup, and what it saved comes back."""
    folder = saves(t, number)
    before = tree(folder)
    (folder / "anna.vcf").unlink()
    assert t.run("restore", "contacts")["written"] == 1
    assert tree(folder) == before and t.run("verify", "--data")["bad"] == []


@pytest.fixture(scope="module")
def host(make_terminal, server):
    t = make_terminal("host")
    t.init(server)
    saves_and_restores(t, "+497000")
    return t


class Person(threading.Thread):
    """Somebody at a terminal, who types while the story goes on."""

    def __init__(self, t, *args, answers, expect=0, **how):
        super().__init__()
        self.told, self.problem = queue.Queue(), None
        self._run = lambda: t.typed(*args, answers=answers(self.told.put), expect=expect, **how)
        self.start()

    def run(self):
        try:
            self.screen = self._run()
        except BaseException as problem:
            self.problem = problem

    def finish(self):
        self.join(120)
        assert not self.is_alive()
        if self.problem:
            raise self.problem
        return self.screen


def at_host(t, answer, expect=0, **how):
    return Person(t, "pair", expect=expect, answers=lambda tell: [
        (r"cloudbox join '(\S+)'", lambda m, _: tell(m[1])), (SAME, answer)], **how)


def test_two_people_compare_six_digits_and_the_new_terminal_is_one_like_any_other(host, make_terminal):
    joiner, blank = make_terminal("tablet"), make_terminal("blank")
    one = at_host(host, "y")
    there = joiner.typed("join", one.told.get(timeout=60), "--name", "tablet", answers=[(SAME, "y")])
    here = one.finish()
    assert re.search(DIGITS, here)[1] == re.search(DIGITS, there)[1]
    assert "tablet is in the account now" in here and "has joined" in there
    joiner.device = joiner.run("status")["device"]
    assert joiner.device in alive(host) and by_name(host.run("devices"))["tablet"]["id"] == joiner.device
    saves_and_restores(joiner, "+497001")

    # What the host saved it can restore with the passphrase, and nothing without.
    joiner.passphrase = None
    joiner.error("cloud", "--from", host.device, expect=4)
    joiner.passphrase = host.passphrase
    assert "Anna" in by_name(joiner.run("cloud", "--from", host.device))
    blank.join(host)
    blank.contacts({})
    assert blank.run("restore", "contacts", "--from", joiner.device)["written"] == 1


def modules(screen):
    """The lines of half characters on a screen, two rows of modules each: True where drawn."""
    rows = []
    for line in re.sub(r"\x1b\[[0-9;]*m", "", screen).replace("\r", "").split("\n"):
        if len(line) > 30 and set(line) <= set(" ▀▄█"):
            rows += [[c in half for c in line] for half in ("▀█", "▄█")]
    return rows


def decoded(rows, dark, tmp_path, *options):
    """What a reader makes of it; `dark`: whether what is drawn is dark."""
    scale, width = 4, len(rows[0])
    lines = [bytes(0 if pixel == dark else 255 for pixel in row for _ in range(scale)) for row in rows]
    picture = tmp_path / "code.pgm"
    picture.write_bytes(b"P5 %d %d 255\n" % (width * scale, len(rows) * scale) +
                        b"".join(line * scale for line in lines))
    read = subprocess.run(["zbarimg", "--quiet", "--raw", *options, picture], capture_output=True,
                          text=True, timeout=60, check=False)
    return read.stdout.strip()


@pytest.mark.skipif(not shutil.which("zbarimg"), reason="there is no zbarimg (package zbar-tools)")
def test_a_reader_gets_the_address_from_the_picture_whatever_the_terminals_colours(host, tmp_path):
    # With colours the code brings its own ground: black on white.
    one = at_host(host, "n", expect=1, columns=100)
    url = one.told.get(timeout=60)
    assert_ends(host, one, url)
    assert "\x1b[38;5;16;48;5;231m" in one.finish()
    assert decoded(modules(one.screen), True, tmp_path) == url

    # Without, the terminal's own: light on dark, and on a light one inverted.
    one = at_host(host, "n", expect=1, columns=100, env={"NO_COLOR": "1"})
    url = one.told.get(timeout=60)
    assert_ends(host, one, url)
    assert "\x1b" not in one.finish()
    assert decoded(modules(one.screen), False, tmp_path) == url
    assert decoded(modules(one.screen), True, tmp_path, "-S", "test-inverted") == url

    # Where it has no room the address does as well.
    one = at_host(host, "n", expect=1, columns=40)
    url = one.told.get(timeout=60)
    assert_ends(host, one, url)
    assert not modules(one.finish()) and "characters wide" in one.screen


def test_without_the_library_that_draws_it_the_address_does_as_well(host, tmp_path):
    (tmp_path / "libqrencode.so.4").write_bytes(b"")
    one = at_host(host, "n", expect=1, columns=100, env={"LD_LIBRARY_PATH": str(tmp_path)})
    url = one.told.get(timeout=60)
    assert_ends(host, one, url)
    assert "libqrencode4" in one.finish() and not modules(one.screen)


def assert_ends(host, person, url):
    """Somebody comes with the address, and the person at the host says no."""
    home = host.folder / "visitor"
    visitor = type(host)(home, "visitor")
    assert visitor.error("join", url, "--yes")["code"] == "cancelled"
    shutil.rmtree(home)


def test_the_address_comes_from_standard_input(host, make_terminal):
    joiner = make_terminal("by input")
    running, url = shows(host)
    told = joiner.run("join", "-", "--name", "by input", "--yes", stdin=url + "\n")
    running.finish()
    assert told["account"] == host.account and set(told) == {"account", "device", "server", "newest"}
    assert told["server"] == host.server and told["device"] in alive(host)
    assert host.device in {d["device"] for d in told["newest"]}


@pytest.mark.parametrize("who", ["host", "joiner"])
def test_a_no_on_either_side_ends_it_for_both(host, make_terminal, who):
    joiner = make_terminal()
    before = alive(host)
    one = at_host(host, "n" if who == "host" else "y", expect=1)
    screen = joiner.typed("join", one.told.get(timeout=60), expect=1,
                          answers=[(SAME, "n" if who == "joiner" else "y")])
    assert ("nobody was taken" if who == "host" else "somebody said no") in one.finish()
    assert ("did not join" if who == "joiner" else "somebody said no") in screen
    assert alive(host) == before
    pair(host, joiner)  # the next time they agree
    assert len(alive(host)) == len(before) + 1


def test_nobody_to_ask_is_an_error_that_says_what_yes_would_mean(host, make_terminal):
    error = host.error("pair", expect=2)
    assert "--yes" in error["hint"] and "stands between" in error["hint"]
    running, url = shows(host)
    assert "--yes" in make_terminal().error("join", url, expect=2)["hint"]
    assert make_terminal().error("join", url, "--account", host.account, "--yes", expect=2)
    assert make_terminal().error("join", url, "--replace", "host", "--yes", expect=2)
    assert host.error("join", url, "--yes")["code"] == "exists"  # it is in an account
    interrupt(running)


def test_a_code_is_good_once(host, make_terminal):
    joiner, second, third = (make_terminal(name) for name in ("first", "second", "third"))
    one = at_host(host, "y")
    url = one.told.get(timeout=60)
    released = threading.Event()
    person = Person(joiner, "join", url, "--name", "first",
                    answers=lambda tell: [(SAME, lambda m, t: (tell(t), released.wait(60), "y")[2])])
    person.told.get(timeout=60)
    assert second.error("join", url, "--yes")["code"] == "exists"  # while the first one compares
    released.set()
    person.finish()
    one.finish()
    assert "used before" in third.error("join", url, "--yes")["message"]
    assert "first" in by_name(host.run("devices"))


def test_a_code_lives_for_five_minutes(make_server, make_terminal, tmp_path):
    clock = Clock(tmp_path / "clock")
    server = make_server(start=False)
    server.env = clock.env
    server.start()
    host, joiner = make_terminal("host"), make_terminal("late")
    host.init(server)
    running, url = shows(host)
    expires = json.loads(running.stdout)["expires_at"]
    clock.advance(4 * 60)
    assert running.is_alive()
    clock.advance(2 * 60)
    error = joiner.error("join", url, "--yes")
    assert error["code"] == "refused" and "cloudbox pair" in error["hint"]
    running.finish(expect=1)
    assert "time is over" in running.stderr and expires
    pair(host, joiner)


def test_who_ends_it_is_believed_at_once(host, make_terminal):
    running, url = shows(host)
    assert "stopped" in interrupt(running)
    assert make_terminal().error("join", url, "--yes")["code"] == "refused"


def test_the_server_learns_neither_secret_nor_name(make_server, make_terminal):
    server = make_server()
    host, joiner = make_terminal("the host's name"), make_terminal("das Gerät im Wohnzimmer")
    host.init(server)
    running, url = shows(host)
    joiner.run("join", url, "--name", joiner.name, "--yes")
    running.finish()
    secret = url.split("&s=")[1]
    raw = base64.urlsafe_b64decode(secret + "=")
    keys = (joiner.home / "keys").read_bytes()
    stored = b"".join(c for c in tree(server.data).values() if isinstance(c, bytes))
    stored += server.output().encode()
    # Where its keys lie in the file: docs/formats/box-db.md.
    for what in (secret.encode(), raw, joiner.name.encode(), *(keys[at:at + 32] for at in (112, 144, 176, 208))):
        assert len(what) >= 23 and what not in stored


def test_a_paired_device_takes_new_keys_like_any_other(host, make_terminal):
    """So the host gave it the right ones: DPS opens what a rotation carries to it."""
    joiner, lost = make_terminal("paired"), make_terminal("lost")
    pair(host, joiner)
    saves(joiner, "+497002")
    pair(host, lost)
    host.run("revoke", "lost", "--yes")
    (joiner.phone / "contacts" / "anna.vcf").write_bytes(card("Anna", uid="anna-paired", tel="+497003"))
    assert joiner.run("backup")["failed"] == []
    assert joiner.run("verify", "--data")["bad"] == []
    pair(joiner, make_terminal("of the new epoch"))  # and it can take others in itself


def test_two_that_take_in_at_once_both_succeed(host, make_terminal):
    """The log has one place at a time: whoever comes second has its joiner sign anew."""
    other, joiners = make_terminal("other host"), [make_terminal("a"), make_terminal("b")]
    pair(host, other)
    before = alive(host)
    waiting = [shows(t) for t in (host, other)]
    running = [t.start("join", url, "--yes") for t, (_, url) in zip(joiners, waiting)]
    told = [r.finish() for r in running]
    for r, _ in waiting:
        r.finish()
    assert alive(host) - before == {t["device"] for t in told} and len(told) == 2


# --- links that break, terminals that die ---

def test_a_cut_link_is_gone_over(make_relayed, make_terminal):
    server, relay = make_relayed()
    host, before = make_terminal("host"), 1
    host.init(server)
    for direction in "up", "down":
        for position in 400, 1500, 3000:
            running, url = shows(host)
            relay.cut(direction, position, abrupt=True)
            told = make_terminal().run("join", url, "--yes")
            running.finish()
            before += 1
            assert relay.reached and told["device"] in alive(host) and len(alive(host)) == before


class Between:
    """A server that is honest but for what the story has it do to the messages of pairings."""

    def __init__(self, make_server, make_terminal):
        self.server = make_server()
        self.liar = liars.Liar(self.server, keys_of=self.server)
        self.host = make_terminal("host")
        self.host.init(self.server, self.server.invite().replace(self.server.address, self.liar.address))

    def bend(self, who, number, what):
        """`what`(message) for number `number` that `who` says; None: it does not come."""
        self.seen = threading.Event()
        self.said = {"host": [], "joiner": []}

        def lie(x):
            if x.method == "POST" and x.call == "/v1/pair/*":
                self.said["host" if x.has_token else "joiner"].append(x.asked[5:])
            if x.method != "GET" or x.call != "/v1/pair/*" or x.status != 200:
                return x.body
            if x.has_token != (who == "joiner") or int(x.path.split("from=")[1]) != number:
                return x.body  # the host hears what the joiner says
            (n,) = struct.unpack_from("<B", x.body, 8)
            if n == 0:
                return x.body
            (length,) = struct.unpack_from("<I", x.body, 9)
            self.seen.set()
            message = what(x.body[13:13 + length])
            if message is None:
                return x.body[:8] + b"\0"
            return x.body[:8] + b"\1" + struct.pack("<I", len(message)) + message

        self.liar.lie = lie

    def honest(self):
        self.liar.lie = None


@pytest.fixture(scope="module")
def between_module(make_server, make_terminal):
    b = Between(make_server, make_terminal)
    yield b
    b.liar.close()


@pytest.fixture
def between(between_module):
    between_module.honest()
    yield between_module
    between_module.honest()


MESSAGES = [("joiner", 1, "commit"), ("host", 1, "answer"), ("joiner", 2, "open"), ("joiner", 3, "yes"),
            ("host", 2, "place"), ("joiner", 4, "signed"), ("host", 3, "keys")]
NAMES = [name for *_, name in MESSAGES]


@pytest.mark.parametrize("who, number, name", MESSAGES, ids=NAMES)
def test_a_server_that_changes_a_message_is_caught(between, make_terminal, who, number, name):
    joiner = make_terminal()
    before = alive(between.host)
    between.bend(who, number, lambda m: bytes([*m[:40], m[40] ^ 1, *m[41:]]))
    running, url = shows(between.host)
    error = joiner.error("join", url, "--yes")
    running.finish(expect=0 if name == "keys" else 1)
    caught = running.stderr if who == "joiner" else error["message"]
    assert "changed on its way" in caught
    assert joiner.run("status", expect=1)["error"]["code"] == "not-found"
    # Only once the joiner had signed may it be in the log; it is the same device then.
    assert len(alive(between.host) - before) == (name == "keys")
    between.honest()
    pair(between.host, joiner)
    assert len(alive(between.host) - before) == 1


@pytest.mark.parametrize("who, number, instead", [
    ("joiner", 2, ("joiner", 0)), ("host", 1, ("joiner", 0)), ("joiner", 3, ("host", 0)),
    ("host", 2, ("host", 0))], ids=["earlier", "its own", "the other's", "twice"])
def test_a_server_that_puts_one_message_in_the_place_of_another_is_caught(between, make_terminal, who,
                                                                          number, instead):
    side, index = instead
    before = alive(between.host)
    between.bend(who, number, lambda m: between.said[side][index])
    running, url = shows(between.host)
    error = make_terminal().error("join", url, "--yes")
    running.finish(expect=1)
    assert "changed on its way" in (running.stderr if who == "joiner" else error["message"])
    assert between.seen.is_set() and alive(between.host) == before


def test_a_server_that_shows_the_joiner_another_account_log_is_caught(between, make_terminal):
    """One that lacks the newest entries, and one that is as long and another."""
    def entries(body):
        found, at = [], 0
        while at < len(body):
            (n,) = struct.unpack_from("<I", body, at)
            found.append(body[at:at + 4 + n])
            at += 4 + n
        return found

    lies = {
        "shorter": lambda body: b"".join(entries(body)[:-1]),
        "another": lambda body: b"".join([*entries(body)[:-1], entries(body)[-1][:-1] + bytes([body[-1] ^ 1])]),
        "none": lambda body: b"",
    }
    for name, bent in lies.items():
        joiner = make_terminal()
        asked = []

        def lie(x, bent=bent):
            if x.call == "/v1/log" and x.method == "GET" and armed.is_set() and x.path.endswith("from=0"):
                asked.append(x)
                return bent(x.body)
            return x.body

        armed = threading.Event()
        between.liar.lie = lie
        running, url = shows(between.host)
        armed.set()  # the host has its log; from here on it is the joiner that asks from 0
        error = joiner.error("join", url, "--yes")
        assert error["code"] == "alarm" and asked, (name, error)
        running.finish(expect=(0, 1))
        assert joiner.run("status", expect=1)["error"]["code"] == "not-found"
        between.honest()


def test_a_server_that_leaves_out_a_device_or_shows_it_older_is_caught(between, make_terminal):
    saves_and_restores(between.host, "+497009")
    size = 16 + 1 + 8 + 32 + 8 + 8 + 8

    def devices(body):
        return [body[50 + i * size:50 + (i + 1) * size] for i in range((len(body) - 50) // size)]

    def without_one(body):
        kept = [d for d in devices(body) if d[:16] != bytes.fromhex(between.host.device)]
        return body[:48] + struct.pack("<H", len(kept)) + b"".join(kept)

    def older(body):
        bent = [d[:17] + struct.pack("<Q", 0) + d[25:] if d[:16] == bytes.fromhex(between.host.device)
                else d for d in devices(body)]
        return body[:50] + b"".join(bent)

    for bent in (without_one, older):
        joiner, signed = make_terminal(), threading.Event()

        def lie(x, bent=bent, signed=signed):
            if x.call == "/v1/log" and x.method == "POST":
                signed.set()  # the host's checks are over
            return bent(x.body) if x.call == "/v1/heads" and signed.is_set() else x.body

        between.liar.lie = lie
        running, url = shows(between.host)
        error = joiner.error("join", url, "--yes")
        assert error["code"] == "alarm", error
        running.finish(expect=(0, 1))
        between.honest()


# Each of these is the last that came to nothing: of "answer" and "place" the next ones tell as much.
STAGES = [m for m in MESSAGES if m[2] not in ("answer", "place")] + [("joiner", 5, "done")]


@pytest.mark.parametrize("victim", ["host", "joiner"])
@pytest.mark.parametrize("who, number, name", STAGES, ids=[name for *_, name in STAGES])
def test_killed_at_any_message_they_pair_again_and_nobody_is_left_over(between, make_terminal, who,
                                                                       number, name, victim):
    joiner = make_terminal(f"killed at {name}")
    before = alive(between.host)
    between.bend(who, number, lambda m: None)
    waiting, url = shows(between.host)
    joining = joiner.start("join", url, "--name", joiner.name, "--yes")
    wait_until(between.seen.is_set, "the message that does not come")
    if name == "done":  # it has all it needs
        joiner._keep(joining.finish())
    elif victim == "joiner":
        joining.kill()
    if victim == "host":
        waiting.kill()
    else:
        said = interrupt(waiting, expect=0 if name in ("keys", "done") else 1)
        assert ("pair it once more" in said) == (name in ("keys", "done"))
    if victim == "host" and name != "done":
        interrupt(joining)
    between.honest()
    if name != "done":
        pair(between.host, joiner)
    assert alive(between.host) - before == {joiner.device}
    saves(joiner, "+497005")


def lost_with_its_keys(between, joiner):
    """The joiner dies after its entry was signed: it is in the log and does not know."""
    before = alive(between.host)
    between.bend("host", 3, lambda m: None)
    waiting, url = shows(between.host)
    joining = joiner.start("join", url, "--name", joiner.name, "--yes")
    wait_until(between.seen.is_set, "the keys that do not come")
    joining.kill()
    interrupt(waiting, expect=0)
    between.honest()
    [device] = alive(between.host) - before
    return device


def test_one_that_died_after_it_was_signed_for_goes_on_by_passphrase_too(between, make_terminal):
    joiner = make_terminal("by passphrase")
    device = lost_with_its_keys(between, joiner)
    joiner.join(between.host)
    assert joiner.device == device
    saves(joiner, "+497006")


def test_one_that_was_shut_out_meanwhile_becomes_another_device(between, make_terminal):
    joiner = make_terminal("shut out")
    device = lost_with_its_keys(between, joiner)
    between.host.run("revoke", device, "--yes")
    running, url = shows(between.host)
    assert "another device" in joiner.error("join", url, "--yes")["hint"]
    running.finish(expect=1)
    pair(between.host, joiner)
    assert joiner.device != device and device not in alive(between.host)
    saves_and_restores(joiner, "+497007")
