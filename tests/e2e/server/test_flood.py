# SPDX-License-Identifier: Apache-2.0
"""A flood of everything that costs a server something, while an honest phone backs up.

The flooder has an account of its own: its token and the beginning of a batch are taken from what its
terminal sent.  CLOUDBOX_FULL=1 floods longer and with more."""
import contextlib
import itertools
import os
import pathlib
import re
import socket
import threading

import pytest

from phone import card, noise, people
from programs import named, tree

FULL = bool(os.environ.get("CLOUDBOX_FULL"))
SILENT = 1000
ROUNDS = 20 if FULL else 2


def anonymous(server):
    """KiB of memory that is the server's own."""
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1])


def has_sanitizer(server):
    return "libasan" in pathlib.Path(f"/proc/{server.pid}/maps").read_text()


class Flood:
    """Connections that take and do not give back, and requests without end."""

    def __init__(self, server, token, batch):
        self.server, self.token, self.batch = server, token, batch
        self.open, self.most, self.n_requests = [], 0, 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._shower, args=(i,)) for i in range(2)]

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.server.port), timeout=60)
        self.open.append(sock)
        return sock

    def post(self, path, length, body=b"", *heads):
        sock = self.connect()
        lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {length}", *heads]
        sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def hold(self):
        bearer = f"Authorization: Bearer {self.token}"
        for i in range(SILENT):  # say nothing, or half a head
            sock = self.connect()
            if i % 3 == 0:
                sock.sendall(b"POST /v1/batches HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        for _ in range(100):
            self.post("/v1/batches", 8 << 20, self.batch)  # well begun, and no more
            self.post("/v1/have", 131000, b"a" * 100)
            self.post("/v1/chunks", 1 << 30, b"c" * 36 + (4 << 20).to_bytes(4, "little") + b"x" * 5000,
                      bearer)
            self.post("/v1/records", 120000, b"r" * 50, bearer)

    def _shower(self, seed):
        """Whole requests that are nonsense, as fast as they are answered."""
        bodies = itertools.cycle(noise(n, seed=seed) for n in (0, 1, 50, 3000, 60_000))
        paths = itertools.cycle(("/v1/batches", "/v1/have", "/v1/accounts", "/v1/login/finish", "/v1/log",
                                 "/v1/chunks", "/v1/objects"))
        while not self._stop.is_set():
            with contextlib.suppress(OSError), \
                    socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as sock:
                body = next(bodies)
                sock.sendall(f"POST {next(paths)} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
                             f"Authorization: Bearer {self.token}\r\n\r\n".encode() + body)
                sock.recv(100)
                self.n_requests += 1
            self.most = max(self.most, anonymous(self.server))

    def __enter__(self):
        self.hold()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *what):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for sock in self.open:
            sock.close()


@pytest.fixture(scope="module")
def world(make_relayed, make_terminal):
    """A server, and what a flooder needs: a token, and a batch that the server would still take."""
    server, relay = make_relayed()
    bad = make_terminal("bad")
    bad.init(server)
    folder = bad.documents({"large": noise(50_000), "small": b"1"})
    bad.run("add", "documents", "--all")
    bad.run("backup")
    token = re.findall(rb"Bearer ([0-9a-f]{64})", relay.up)[-1].decode()
    relay.forget()
    (folder / "small").write_bytes(b"2")
    bad.run("backup")
    assert relay.requests == ["/v1/batches"]
    whole = len(relay.up)
    relay.forget()
    (folder / "small").write_bytes(b"3")
    relay.hold("up", whole - 20)  # all but the end of the next one
    running = bad.start("backup")
    relay.wait_reached(running)
    batch = relay.up.split(b"\r\n\r\n", 1)[1]
    running.kill()
    relay.let_go(break_off=True)
    assert batch.startswith(b"CBB1") and len(batch) > 342
    return server, token, batch


def test_an_honest_backup_succeeds_while_others_flood(world, make_terminal):
    server, token, batch = world
    good = make_terminal("good")
    good.init(server)
    folder = good.contacts(people(20))
    good.documents({"photo": noise(5 << 20, seed=3)})
    good.run("add", "contacts", "--all")
    good.run("add", "documents", "--all")
    before = anonymous(server)
    with Flood(server, token, batch) as flood:
        for i in range(ROUNDS):
            (folder / "p00000.vcf").write_bytes(card("New", uid="uid-1-0", tel=f"+49{i}"))
            good.run("backup")
        assert len(good.run("cloud")) == 21
        during = max(flood.most, anonymous(server))
    assert flood.n_requests > 0 and server.is_alive()
    assert good.run("backup")["requests"] == 0
    saved = tree(good.phone)
    for path in folder.iterdir():
        path.unlink()
    (good.phone / "documents" / "photo").unlink()
    good.run("restore")
    assert tree(good.phone) == saved and server.run("check")["damaged"] == []
    print(f"RssAnon {before} kB before, {during} kB during, {anonymous(server)} kB after; "
          f"{flood.n_requests} requests")
    if not has_sanitizer(server):
        assert during < before + 64 * 1024, (before, during)


def test_a_flooder_with_a_full_quota_fills_nobody_elses(world, make_terminal):
    server, _, _ = world
    full, good = make_terminal("full"), make_terminal("good")
    full.init(server, server.invite("--quota", "1M"))
    good.init(server, server.invite("--quota", "1M"))
    full.documents({f"{i}": noise(300_000, seed=i) for i in range(6)})
    full.run("add", "documents", "--all")
    for _ in range(3):
        told = full.error("backup")
        assert told["code"] == "full" and "quota" in told["message"]
    good.documents({"mine": noise(700_000, seed=9)})
    good.run("add", "documents", "--all")
    good.run("backup")
    assert named(good.run("cloud")) == ["mine"]
    assert server.run("account", full.account)["bytes"] <= 1 << 20
