# SPDX-License-Identifier: Apache-2.0
"""Clients that mean no good: what they send is refused by name or cut off, and others do not notice."""
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import socket
import ssl
import stat
import subprocess
import time

import pytest

import programs

PAIRING = "/v1/pair/" + "ef" * 16
POSTS = ("/v1/accounts", "/v1/login/start", "/v1/login/finish", "/v1/log", "/v1/have", "/v1/beat", "/v1/chunks",
         "/v1/batches", "/v1/records", "/v1/item", "/v1/objects", "/v1/pair", PAIRING)
BOTH = ("/v1/log", PAIRING)  # may be got, too
DEVICE = "/v1/devices/" + "ab" * 16
GETS = ("/healthz", "/v1/server", "/v1/wraps", "/v1/heads", "/v1/account", DEVICE + "/items",
        DEVICE + "/versions?folder=" + "cd" * 16, DEVICE + "/damaged")
NOISE = random.Random(60).randbytes(60)  # the same for every worker: it is part of a test's identity
LIMITS = {"/v1/batches": 8 << 20, "/v1/item": 48, "/v1/login/start": 64, "/v1/have": 200_000}


class Daemon:
    """A cloudboxd with options of the test's choosing."""

    def __init__(self, folder, *options, plain=True):
        self.data, self.plain = pathlib.Path(folder) / "data", plain
        self.log = pathlib.Path(folder) / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [programs.program("cloudboxd"), "serve", "--data", str(self.data), "--listen", "127.0.0.1:0",
                 *(["--plain-http"] if plain else []), *options],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                env=programs.environment(folder))
        line = self.process.stdout.readline()
        self.port = int(re.fullmatch(r"listening on https?://127\.0\.0\.1:(\d+)\n", line)[1])

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=programs.PATIENCE)
        if self.plain:
            return sock
        context = ssl._create_unverified_context()
        return context.wrap_socket(sock)

    def memory(self, what="VmRSS"):
        """KiB"""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+)", status)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(programs.PATIENCE)
        finally:
            self.process.kill()
        told = self.log.read_text(errors="replace")
        assert status == 0 and not programs.SANITIZER.search(told), told


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    one = Daemon(tmp_path_factory.mktemp("daemon"), "--idle", "2s")
    yield one
    one.stop()


def receive(sock):
    """Status and body of one answer; status None: the connection was closed without one."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        piece = sock.recv(65536)
        if not piece:
            return None, raw
        raw += piece
    head, _, body = raw.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        body += sock.recv(65536)
    return int(head.split()[1]), body


def ask(daemon, method, path, *heads, body=b""):
    with daemon.connect() as sock:
        lines = [f"{method} {path} HTTP/1.1", "Host: x", *heads]
        sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return receive(sock)


def word(body):
    told = json.loads(body)
    assert told["type"].startswith("urn:cloudbox:problem:") and told["title"]
    return told["type"].rsplit(":", 1)[1]


def is_well(daemon):
    assert ask(daemon, "GET", "/healthz") == (200, b"ok\n")


def test_these_are_all_calls_of_the_server():
    routes = re.findall(r'\{ "(/[^"]*)", HTTP_(GET|POST)', (programs.ROOT / "server/api/api.c").read_text())
    for known, kind in ((POSTS, "POST"), ((*GETS, *BOTH), "GET")):
        known = {re.sub(r"/[0-9a-f]{32}(?=/|$)", "/*", path.split("?")[0]) for path in known}
        assert {path for path, method in routes if method == kind} == known


@pytest.mark.parametrize("path", POSTS)
def test_a_call_that_posts_takes_nothing_else(daemon, path):
    methods = ("PUT", "DELETE", "PATCH") if path in BOTH else ("GET", "PUT", "DELETE", "PATCH")
    for method in methods:
        status, body = ask(daemon, method, path, "Content-Length: 0")
        assert (status, word(body)) == (405, "method")


@pytest.mark.parametrize("path", GETS)
def test_a_call_that_gets_takes_nothing_else(daemon, path):
    for method in ("POST", "PUT", "DELETE"):
        status, body = ask(daemon, method, path, "Content-Length: 0")
        assert (status, word(body)) == (405, "method")


@pytest.mark.parametrize("path", [p for p in GETS if "v1" in p and p != "/v1/server"] +
                         ["/v1/log", "/v1/chunks", "/v1/records", "/v1/item", "/v1/objects"])
@pytest.mark.parametrize("head", ["", "Authorization: Bearer " + "0" * 64, "Authorization: Bearer 00",
                                  "Authorization: Basic " + "0" * 64, "Authorization: Bearer " + "g" * 64])
def test_without_a_good_token_nothing_is_told(daemon, path, head):
    post = path in POSTS and path != "/v1/log"
    status, body = ask(daemon, "POST" if post else "GET", path, *([head] if head else []),
                       *(["Content-Length: 4"] if post else []), body=b"abcd" if post else b"")
    assert (status, word(body)) == (401, "signature")


@pytest.mark.parametrize("path", POSTS)
def test_a_body_of_unknown_length_is_refused(daemon, path):
    status, body = ask(daemon, "POST", path, "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n")
    assert (status, word(body)) == ((401, "signature") if path == "/v1/chunks" else (411, "length"))


@pytest.mark.parametrize("path,limit", LIMITS.items())
def test_a_body_that_is_too_large_is_refused_before_it_comes(daemon, path, limit):
    status, body = ask(daemon, "POST", path, f"Content-Length: {limit * 100 + 1}",
                       "Expect: 100-continue")
    assert (status, word(body)) == (413, "too-large")


@pytest.mark.parametrize("length", ["-1", "99999999999999999999999", "0x10", "12, 13", "abc"])
def test_a_length_that_is_none_is_refused(daemon, length):
    status, body = ask(daemon, "POST", "/v1/batches", f"Content-Length: {length}")
    assert status in (400, 413, None)
    is_well(daemon)


def test_a_head_that_is_too_long_is_refused(daemon):
    status, _ = ask(daemon, "GET", "/healthz", "X: " + "a" * 40000)
    assert status in (413, 431)
    status, _ = ask(daemon, "GET", "/healthz", *(f"X{i}: {'a' * 100}" for i in range(155)))
    assert status in (413, 431)
    status, _ = ask(daemon, "GET", "/healthz", "X: " + "a" * 8000)
    assert status == 200


@pytest.mark.parametrize("path", ["/v1/devices/short/items", "/v1/devices/" + "zz" * 16 + "/items", "//", "/..",
                                  "/v1", "/v1/devices/" + "ab" * 17 + "/items", "/%00", "/v1/batches/"])
def test_an_address_that_is_none_is_unknown(daemon, path):
    status, body = ask(daemon, "GET", path)
    assert (status, word(body)) == (404, "unknown")


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", [b"", b"\0", b"\xff" * 48, NOISE, b"CBB1" + b"\x01" + b"\xff" * 40],
                         ids=["nothing", "one-byte", "ones", "noise", "half-a-header"])
def test_noise_is_refused_and_harms_nobody(daemon, path, body):
    status, raw = ask(daemon, "POST", path, f"Content-Length: {len(body)}", body=body)
    assert 400 <= status < 500, raw
    assert word(raw)
    is_well(daemon)


def test_what_is_no_http_is_cut_off(daemon):
    for noise in (b"\0" * 100, b"\x16\x03\x01\x02\x00\x01" + os.urandom(200), b"GET\r\n\r\n", b"\r\n" * 2000):
        with daemon.connect() as sock, contextlib.suppress(ConnectionError):
            sock.sendall(noise)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
    is_well(daemon)


def test_a_body_that_stops_is_cut_off_and_leaves_nothing(daemon):
    with daemon.connect() as sock:
        sock.sendall(b"POST /v1/have HTTP/1.1\r\nHost: x\r\nContent-Length: 131000\r\n\r\n" + b"a" * 1000)
        assert sock.recv(100) == b""  # closed after the idle time
    is_well(daemon)


def test_announced_bodies_take_no_memory(daemon):
    """200 batches of 8 MiB are announced; none has a prefix that lets it in."""
    before = daemon.memory()
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            sock = stack.enter_context(daemon.connect())
            sock.sendall(b"POST /v1/batches HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n" +
                         b"CBB1\x01" + b"\0" * 200)
        is_well(daemon)
        assert daemon.memory() - before < 32 * 1024
    is_well(daemon)


@pytest.mark.parametrize("plain", [True, False])
def test_a_thousand_silent_connections_hurt_nobody(tmp_path, plain):
    one = Daemon(tmp_path, plain=plain)
    try:
        with contextlib.ExitStack() as stack:
            for i in range(1000):
                sock = stack.enter_context(socket.create_connection(("127.0.0.1", one.port)))
                if i % 3 == 0:
                    sock.sendall(b"POST /v1/batches HT" if plain else b"\x16\x03")
            start = time.monotonic()
            for _ in range(20):
                is_well(one)
            assert time.monotonic() - start < 10
            done = subprocess.run([programs.program("cloudboxd"), "usage", "--data", one.data, "--json"],
                                  capture_output=True, text=True, env=programs.environment(tmp_path))
            assert json.loads(done.stdout)["accounts"] == 0
    finally:
        one.stop()


def test_silent_connections_are_closed_in_the_end(daemon):
    with daemon.connect() as silent, daemon.connect() as half:
        half.sendall(b"GET /healthz HTTP/1.1\r\nHo")
        assert silent.recv(10) == b""
        with contextlib.suppress(ConnectionError):
            while half.recv(65536):
                pass


def test_a_full_disk_is_said_before_the_body(tmp_path):
    one = Daemon(tmp_path, "--min-free", "4000T")
    try:
        status, body = ask(one, "POST", "/v1/batches", "Content-Length: 1000000", "Expect: 100-continue")
        assert (status, word(body)) == (507, "disk")
    finally:
        one.stop()


def test_the_end_comes_in_spite_of_open_connections(tmp_path):
    one = Daemon(tmp_path)
    with one.connect() as silent, one.connect() as half:
        half.sendall(b"GET /healthz HTTP/1.1\r\nHo")
        is_well(one)
        one.stop()
        assert silent.recv(10) == b""


def test_the_data_are_nobody_elses_and_the_journal_tells_no_codes(tmp_path):
    one = Daemon(tmp_path, plain=False)
    try:
        done = subprocess.run([programs.program("cloudboxd"), "invite", "--data", one.data],
                              capture_output=True, text=True, env=programs.environment(tmp_path))
        code = re.search(r"/i/([\w-]{22})#pin=[\w-]{43}\n$", done.stdout)[1]
        for path in one.data.rglob("*"):
            mode = path.stat().st_mode
            assert not mode & 0o077 or stat.S_ISREG(mode) and path.name == "tls-cert.pem", path
        assert stat.S_IMODE((one.data / "control").stat().st_mode) == 0o600
        raw = b"".join(p.read_bytes() for p in one.data.rglob("*") if p.is_file())
        assert code.encode() not in raw  # only its hash is kept
    finally:
        one.stop()
    assert code not in one.log.read_text()


def test_the_key_outlives_a_restart(tmp_path):
    def pin():
        done = subprocess.run([programs.program("cloudboxd"), "invite", "--data", tmp_path / "data"],
                              capture_output=True, text=True, env=programs.environment(tmp_path))
        return re.search(r"#pin=([\w-]{43})", done.stdout)[1]

    one = Daemon(tmp_path, plain=False)
    running = pin()
    one.stop()
    assert pin() == running  # and while nothing runs
    two = Daemon(tmp_path, plain=False)
    try:
        with two.connect() as sock:
            der = sock.getpeercert(binary_form=True)
        assert der and pin() == running
    finally:
        two.stop()


def test_an_idle_server_is_small(tmp_path):
    one = Daemon(tmp_path)
    try:
        is_well(one)
        if "libasan" in pathlib.Path(f"/proc/{one.process.pid}/maps").read_text():
            pytest.skip("a sanitizer takes memory of its own")
        assert one.memory("RssAnon") < 8 * 1024
    finally:
        one.stop()
