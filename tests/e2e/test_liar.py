# SPDX-License-Identifier: Apache-2.0
"""A server that lies on the way: bent, exchanged and old answers under the server's own key, and a man
in the middle with another.  CLOUDBOX_FULL=1 bends many more; the seed is printed (CLOUDBOX_SEED)."""
import os
import random
import time

import pytest

import liar as liars
from phone import card, jpeg, people
from programs import named, tree

FULL = bool(os.environ.get("CLOUDBOX_FULL"))
SEED = int(os.environ.get("CLOUDBOX_SEED", time.time()))
ROUNDS = 400 if FULL else 5

CARDS = {**people(6), "photo": card("With Photo", uid="photo", tel="+491", photo=jpeg(9000))}


class World:
    """A phone whose server is the liar's, and a blank one to restore on."""

    def __init__(self, make_server, make_terminal):
        self.server = make_server()
        self.liar = liars.Liar(self.server, keys_of=self.server)
        self.phone, self.blank = make_terminal("phone"), make_terminal("blank")
        invitation = self.server.invite()
        self.address = f"{self.liar.address}/#pin={liars.pin_of(self.server)}"
        self.phone.init(self.server, invitation.replace(self.server.address, self.liar.address))
        self.folder = self.phone.contacts(CARDS)
        self.phone.run("add", "contacts", "--all")
        self.phone.run("backup")
        self.blank.join(self.phone)
        self.blank_folder = self.blank.contacts({})

    def honest(self):
        self.liar.lie = None
        self.liar.forget()


@pytest.fixture(scope="module")
def world(make_server, make_terminal):
    world = World(make_server, make_terminal)
    yield world
    world.liar.close()


@pytest.fixture
def honest(world):
    world.honest()
    yield world
    world.honest()


def empty(folder):
    for path in folder.iterdir():
        path.unlink()


def restored(world, **how):
    """What a restore on the blank terminal says, and what lies there then."""
    empty(world.blank_folder)
    told = world.blank.run("restore", "--from", world.phone.device, **how)
    return told, tree(world.blank_folder)


def true_files(world):
    return set(tree(world.folder).values())


def noticed(world, told):
    return ("error" in told or world.blank.stderr.strip() or
            any(i["result"] == "failed" for i in told["items"]))


def test_a_bit_bent_in_any_answer_restores_nothing_wrong(honest):
    r = random.Random(SEED)
    print("seed", SEED)
    told, files = restored(honest)
    assert set(files.values()) == true_files(honest) and not noticed(honest, told)
    n_answers = len(honest.liar.exchanges)
    for _ in range(ROUNDS):
        at, bit = r.randrange(n_answers), r.randrange(1 << 40)

        def bend(exchange):
            body = bytearray(exchange.body)
            if len(honest.liar.exchanges) == at + 1 and body:
                body[bit // 8 % len(body)] ^= 1 << bit % 8
            return bytes(body)

        honest.honest()
        honest.liar.lie = bend
        told, files = restored(honest, expect=(0, 1, 3, 4))
        assert set(files.values()) <= true_files(honest)
        assert noticed(honest, told) or set(files.values()) == true_files(honest), (at, bit)
    honest.honest()
    assert set(restored(honest)[1].values()) == true_files(honest)


def test_an_answer_that_is_given_for_another_is_never_taken(honest):
    """Any two answers of one restore exchanged: each is given in the other's place."""
    restored(honest)
    answers = [(e.call, e.body) for e in honest.liar.exchanges if e.status == 200]
    pairs = [(a, b) for a in range(len(answers)) for b in range(len(answers))
             if a != b and answers[a][1] != answers[b][1]]
    r = random.Random(SEED)
    for a, b in pairs if FULL else r.sample(pairs, 4):
        call, body = answers[a][0], answers[b][1]
        honest.honest()
        honest.liar.lie = lambda e: body if e.call == call else e.body
        told, files = restored(honest, expect=(0, 1, 3, 4))
        assert set(files.values()) <= true_files(honest)
        assert noticed(honest, told), (call, answers[b][0])


def test_whatever_is_wrong_with_a_record_the_same_requests_follow(honest):
    """What the terminal asks next would tell the server which of its guesses was right."""
    seen = set()
    for where in (0.02, 0.3, 0.5, 0.7, 0.9, 0.97):
        def bend(exchange):
            body = bytearray(exchange.body)
            if exchange.call == "/v1/records":
                body[int(len(body) * where)] ^= 4
            return bytes(body)

        honest.honest()
        honest.liar.lie = bend
        told, files = restored(honest, expect=(1, 3))
        assert noticed(honest, told) and set(files.values()) <= true_files(honest)
        asked = [c for c in honest.liar.calls if c[1] != "/v1/objects"]
        seen.add(tuple(asked))
    assert len(seen) == 1, seen


def test_a_wrong_passphrase_and_a_bent_wrap_are_told_to_nobody(honest):
    """After either the terminal asks nothing more."""
    def bend(exchange):
        body = bytearray(exchange.body)
        if exchange.call == "/v1/wraps":
            body[60] ^= 1  # within the passphrase's wrap
        return bytes(body)

    honest.liar.lie = bend
    assert restored(honest, expect=(1, 4))[0]["error"]["message"]
    calls = [c for _, c, _ in honest.liar.calls]
    assert calls[-1] == "/v1/wraps", calls


def test_old_answers_are_never_taken_for_new_ones(honest, make_terminal):
    """Each call's answer of before a change, given after it, while the terminal backs up and looks."""
    world = honest
    phone = make_terminal("second")
    phone.join(world.phone)
    folder = phone.contacts({"x": card("X", uid="x", tel="+491")})
    phone.run("add", "contacts", "--all")
    phone.run("backup")
    phone.run("cloud")
    old = {}
    for exchange in world.liar.exchanges:
        if exchange.status == 200 and phone.device in exchange.path + exchange.asked.hex() or \
                exchange.call in ("/v1/log", "/v1/heads", "/v1/wraps", "/v1/login/start"):
            old[exchange.call] = exchange.body
    assert {"/v1/batches", "/v1/log", "/v1/devices/*/items"} <= set(old), set(old)
    number = 2
    for call in sorted(old):
        number += 1
        contact = card("X", uid="x", tel=f"+49{number}")
        (folder / "x.vcf").write_bytes(contact)
        world.liar.lie = lambda e: old[call] if e.call == call else e.body
        told = phone.run("backup", expect=(0, 1, 2, 3, 4))
        said = "error" in told
        cloud = phone.run("cloud", expect=(0, 1, 4))
        said = said or "error" in cloud or phone.stderr.strip()
        world.liar.lie = None
        phone.run("backup")
        assert phone.run("backup")["requests"] == 0
        assert named(phone.run("cloud")) == ["X"] and not phone.stderr.strip()
        (folder / "x.vcf").unlink()
        phone.run("restore")
        assert tree(folder) == {"x.vcf": contact}, call
        if call in ("/v1/batches", "/v1/devices/*/items"):
            assert said, call


# --- another key ---

@pytest.fixture(scope="module")
def other(make_server):
    return make_server()


def test_a_login_that_is_relayed_opens_nothing(honest, other, make_terminal):
    """The man in the middle shows a key of his own, and passes on the real server's challenge."""
    world = honest
    with liars.Liar(world.server, keys_of=other) as middle:
        address = f"{middle.address}/#pin={liars.pin_of(other)}"
        for args, secret in ((("--account", world.phone.account), None), (("--recovery",), "code")):
            victim = make_terminal()
            victim.passphrase = world.phone.passphrase
            env = {"CLOUDBOX_RECOVERY_CODE": world.phone.recovery_code} if secret else {}
            told = victim.run("join", address, *args, expect=(1, 2, 4), env=env)
            assert told["error"]["message"]
            assert victim.run("status", expect=1)  # it joined nothing
        finished = [e for e in middle.exchanges if e.call == "/v1/login/finish"]
        assert finished and all(e.status == 401 for e in finished)
        assert not [e for e in middle.exchanges if e.call in ("/v1/wraps", "/v1/log", "/v1/heads")]


def test_a_cheap_key_derivation_is_refused_before_anything_is_signed(honest, make_terminal):
    def cheapen(exchange):
        if exchange.call != "/v1/login/start":
            return exchange.body
        return exchange.body[:48] + (1).to_bytes(4, "little") + (8).to_bytes(4, "little") + \
            exchange.body[56:]

    honest.liar.lie = cheapen
    victim = make_terminal()
    victim.passphrase = honest.phone.passphrase
    told = victim.error("join", honest.address, "--account", honest.phone.account)
    assert told["message"]
    assert [c for _, c, _ in honest.liar.calls if c == "/v1/login/finish"] == []


def test_a_pinned_terminal_says_nothing_to_another_key(honest, other, make_server, make_terminal):
    server = make_server()
    t = make_terminal()
    t.init(server)
    folder = t.contacts({"a": card("A", uid="a")})
    t.run("add", "contacts", "--all")
    t.run("backup")
    (folder / "a.vcf").write_bytes(card("A", uid="a", tel="+492"))
    port = server.port
    server.stop()
    with liars.Liar(other, keys_of=other, port=port) as middle:
        for command in (("backup",), ("cloud",), ("restore",)):
            told = t.error(*command)
            assert told["code"] == "not-authentic" and "key" in told["message"], told
        assert middle.exchanges == []
    server.start()
    t.run("backup")
