# SPDX-License-Identifier: Apache-2.0
"""Who runs the server: clearing away, killed at every write; a snapshot of a server at work; numbers;
accounts suspended and removed; a new certificate; an end that finishes what is under way."""
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import ssl
import subprocess
import threading
import urllib.request

import pytest

from phone import noise, people
from programs import BUILD, PATIENCE, environment, named, program, tree, wait_until

DAY_MS = 86400 * 1000


def let_run(server, days):
    """As if the server had run so many days: its retention clock lies in its database."""
    was_alive = server.is_alive()
    server.stop()
    db = sqlite3.connect(server.data / "cloudbox.db")
    with db:
        db.execute("UPDATE clock SET retention_ms = retention_ms + ?", (days * DAY_MS,))
    db.close()
    if was_alive:
        server.start()


def objects(server):
    return [p for p in (server.data / "blobs").rglob("*") if p.is_file()]


@pytest.fixture
def aged(make_server, make_terminal):
    """A server on which a large file has two versions and another was forgotten, 100 days ago."""
    server = make_server()
    t = make_terminal()
    t.init(server)
    folder = t.documents({"kept": noise(1 << 20), "gone": noise(1 << 20, seed=2),
                          **{f"other{i}": b"x" * i for i in range(9)}})
    t.run("add", "documents", "--all")
    t.run("backup")
    let_run(server, 2)
    t.run("forget", "documents", "gone", "--yes")
    (folder / "kept").write_bytes(noise(1 << 20, seed=3))
    t.run("backup")
    assert len(objects(server)) > 2
    return server, t, folder


def restored(t, server, make_terminal):
    """What a blank terminal gets back."""
    blank = make_terminal()
    blank.join(t)
    there = blank.phone / "back"
    blank.run("restore", "documents", "--from", t.device, "--create", there)
    return tree(there / "documents")


def test_what_is_kept_no_longer_is_cleared_and_the_rest_restores(aged, make_terminal):
    server, t, folder = aged
    before = len(objects(server))
    used = server.run("accounts")[0]["bytes"]
    assert server.run("tidy")["changed"] == 0
    let_run(server, 250)  # the months' anchors are over, too
    told = server.run("tidy")
    # the older one of kept, gone and its tombstone, and one of the Box's own
    assert told["versions"] == 4 and told["objects"] >= 2 and told["held"] == []
    assert len(objects(server)) == before - told["objects"]
    assert server.run("accounts")[0]["bytes"] == used - told["bytes"]
    assert server.run("tidy")["changed"] == 0
    assert server.run("check", "--all")["damaged"] == []
    files = restored(t, server, make_terminal)
    assert files == {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "gone"}
    assert t.run("verify", "--data")["bad"] == []


def test_forgetting_most_of_a_folder_is_held(make_server, make_terminal):
    server = make_server()
    t = make_terminal()
    t.init(server)
    t.contacts(people(10))
    t.run("add", "contacts", "--all")
    t.run("backup")
    let_run(server, 31)
    t.run("forget", "contacts", "--all", "--yes")
    t.run("backup")
    let_run(server, 400)
    held = server.run("tidy")["held"]
    assert {h["device"] for h in held} == {t.device}
    rows = sqlite3.connect(server.data / "cloudbox.db")
    kept = rows.execute("SELECT count(*) FROM records WHERE frame IS NOT NULL AND flags = 0").fetchone()
    assert kept[0] >= 10  # each contact's only version
    rows.close()


def faulted(server, at, control):
    """`cloudboxd tidy` on a stopped server, killed right after its write number `at`."""
    env = environment(server.folder, LD_PRELOAD=BUILD / "tests/fault/libfault.so",
                      FAULT_CLASS="disk-write", FAULT_DO="kill-after", FAULT_AT=at,
                      FAULT_PATH=server.data, FAULT_LOG=control)
    return subprocess.run([program("cloudboxd"), "tidy", "--data", server.data, "--json"], env=env,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)


@pytest.mark.skipif(not (BUILD / "tests/fault/libfault.so").exists(), reason="built without libfault.so")
def test_tidying_that_is_killed_after_any_write_loses_nothing_and_is_ended_the_next_time(
        aged, make_terminal, tmp_path):
    server, t, folder = aged
    let_run(server, 250)
    server.stop()
    wanted = {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "gone"}
    original = tmp_path / "original"
    shutil.copytree(server.data, original, ignore=shutil.ignore_patterns("control"))
    kills, at = 0, 1
    while True:
        shutil.rmtree(server.data)
        shutil.copytree(original, server.data)
        done = faulted(server, at, tmp_path / "log")
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        kills += 1
        assert server.run("check", "--all")["damaged"] == []
        server.run("tidy")
        assert server.run("tidy")["changed"] == 0
        assert server.run("check", "--all")["damaged"] == []
        rows = sqlite3.connect(server.data / "cloudbox.db")
        assert rows.execute("SELECT count(*) FROM chunks").fetchone()[0] == len(objects(server))
        rows.close()
        at += max(1, at // 4)  # closer together at first
    assert kills >= 8
    server.start()
    assert restored(t, server, make_terminal) == wanted


def test_a_server_tidies_by_itself(make_server, make_terminal):
    server = make_server(options=["--tidy-every", "1s"])
    t = make_terminal()
    t.init(server)
    t.documents({"large": noise(1 << 20)})
    t.run("add", "documents", "--all")
    t.run("backup")
    (t.phone / "documents" / "large").write_bytes(noise(1 << 20, seed=2))
    let_run(server, 3)
    t.run("backup")
    before = len(objects(server))
    let_run(server, 250)
    wait_until(lambda: len(objects(server)) < before, "the old version's objects are gone")
    wait_until(lambda: re.search(r"tidy: cleared \d+ versions", server.output()), "it says so")


# Snapshots


def test_a_snapshot_of_a_server_at_work_is_whole(make_server, make_terminal, tmp_path):
    server = make_server()
    t = make_terminal()
    t.init(server)
    folder = t.documents({f"f{i}": noise(100_000, seed=i) for i in range(20)})
    t.run("add", "documents", "--all")
    t.run("backup")
    at_first = {p.name: p.read_bytes() for p in folder.iterdir()}
    busy, rounds = threading.Event(), []

    def work():
        while not busy.is_set():
            (folder / "f1").write_bytes(noise(100_000, seed=1000 + len(rounds)))
            t.run("backup")
            rounds.append(1)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        wait_until(lambda: rounds, "a first backup meanwhile")
        for i in range(3):
            told = server.run("snapshot", str(tmp_path / f"copy{i}"))
            assert told["objects"] >= 20
    finally:
        busy.set()
        worker.join()
    told = json.loads(subprocess.run(
        [program("cloudboxd"), "snapshot", tmp_path / "copy0", "--data", server.data, "--json"],
        capture_output=True, text=True, env=environment(tmp_path)).stdout)
    assert "copy0" in told["error"]["message"]  # never over another
    server.stop()
    for i in range(3):
        checked = json.loads(subprocess.run(
            [program("cloudboxd"), "check", "--all", "--data", tmp_path / f"copy{i}", "--json"],
            capture_output=True, text=True, check=True, env=environment(tmp_path)).stdout)
        assert checked["damaged"] == [] and checked["checked"] > 20
    # and it serves: the terminal knows the key, and all that it had before is there
    server.data = tmp_path / "copy0"
    server.start()
    files = restored(t, server, make_terminal)
    assert {n: c for n, c in files.items() if n != "f1"} == \
           {n: c for n, c in at_first.items() if n != "f1"}


def test_a_snapshot_goes_on_its_own_way(make_server, make_terminal, tmp_path):
    server = make_server()
    t = make_terminal()
    t.init(server)
    t.documents({"large": noise(1 << 20)})
    t.run("add", "documents", "--all")
    t.run("backup")
    server.run("snapshot", str(tmp_path / "copy"))
    server.run("account", t.account, "--remove")
    assert objects(server) == []
    done = subprocess.run([program("cloudboxd"), "check", "--all", "--data", tmp_path / "copy"],
                          env=environment(tmp_path), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# Accounts


def test_a_suspended_device_and_account_do_nothing_until_they_are_resumed(make_server, make_terminal):
    server = make_server()
    a, b = make_terminal(), make_terminal(name="tablet")
    a.init(server)
    b.join(a)
    for t in (a, b):
        t.contacts(people(2))
        t.run("add", "contacts", "--all")
    server.run("account", a.account, "--suspend", a.device)
    assert "suspended" in a.error("backup")["message"]
    b.run("backup")
    states = {d["device"]: d["state"] for d in server.run("devices", a.account)}
    assert states[a.device] == "suspended" and states[b.device] == "alive"
    server.run("account", a.account, "--resume", a.device)
    a.run("backup")
    assert server.run("account", a.account, "--suspend", "--all")["state"] == "suspended"
    assert b.run("status")  # asks nobody
    (b.phone / "contacts" / "new.vcf").write_bytes(people(3)["p00002"])
    b.run("add", "contacts", "--all", "--no")
    assert "suspended" in b.error("backup")["message"]
    server.run("account", a.account, "--resume", "--all")
    b.run("backup")
    told = server.run("account", a.account, "--suspend", "0" * 32, expect=1)
    assert told["error"]["code"] == "not-found" or "no device" in told["error"]["message"]


def test_what_is_stored_and_when_the_disk_will_be_full_is_told(make_server, make_terminal):
    server = make_server()
    t = make_terminal()
    t.init(server)
    t.documents({"large": noise(1 << 20)})
    t.run("add", "documents", "--all")
    t.run("backup")
    told = server.run("usage")
    assert told["accounts"] == 1 and told["bytes"] > 1 << 20 and told["free"] > 0
    assert told["full_in_days"] is None  # nobody can know yet
    # As if it had grown for a month by what fills it in 150 days.
    server.stop()
    db = sqlite3.connect(server.data / "cloudbox.db")
    floor = 2 << 30
    with db:
        free = told["free"]
        db.execute("DELETE FROM samples")
        db.executemany("INSERT INTO samples(day, bytes, free) VALUES (?, ?, ?)",
                       [(day, day * (free - floor) // 150, free) for day in range(31)])
        db.execute("UPDATE clock SET retention_ms = ?", (30 * DAY_MS,))
    db.close()
    server.options += ["--min-free", "2G"]
    server.start()
    told = server.run("usage")
    assert 140 <= told["full_in_days"] <= 155, told


def test_a_removed_account_is_gone_with_its_objects_and_nobody_elses(make_server, make_terminal):
    server = make_server()
    a, b = make_terminal(), make_terminal()
    for t in (a, b):
        t.init(server)
        t.documents({"large": noise(1 << 20, seed=len(t.account))})
        t.run("add", "documents", "--all")
        t.run("backup")
    before = len(objects(server))
    assert server.run("account", a.account, "--remove")["state"] == "removed"
    assert [x["account"] for x in server.run("accounts")] == [b.account]
    assert 0 < len(objects(server)) < before
    (a.phone / "documents" / "large").write_bytes(b"other")
    assert a.run("backup", expect=(1, 4))["error"]["code"]
    assert b.run("verify", "--data")["bad"] == []
    assert server.run("check", "--all")["damaged"] == []


# Watching


def test_numbers_are_told_on_an_address_of_their_own(make_server, make_terminal):
    server = make_server(options=["--metrics", "127.0.0.1:0"])
    t = make_terminal()
    t.init(server)
    t.documents({"large": noise(1 << 20)})
    t.run("add", "documents", "--all")
    t.run("backup")
    address = re.search(r"metrics on (http://\S+)", server.output())[1]
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = answer.read().decode()
    values = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            assert re.fullmatch(r'cloudbox_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? \d+', line), line
            name, value = line.rsplit(" ", 1)
            values[name] = int(value)
    assert values["cloudbox_accounts"] == 1 and values["cloudbox_objects"] >= 1
    assert values["cloudbox_stored_bytes"] > 1 << 20
    assert values['cloudbox_requests_total{route="/v1/batches",status="2xx"}'] == 1
    assert t.account not in text and t.device not in text
    types = re.findall(r"^# TYPE (\S+) (counter|gauge)$", text, re.M)
    assert {n for n, _ in types} == {re.sub(r"\{.*", "", n) for n in values}
    # not where terminals talk to
    import http.client
    link = http.client.HTTPSConnection("127.0.0.1", server.port, context=ssl._create_unverified_context())
    link.request("GET", "/metrics")
    assert link.getresponse().status == 404


def test_metrics_are_told_on_loopback_only(make_server):
    server = make_server(start=False)
    done = subprocess.run([program("cloudboxd"), "serve", "--data", server.data, "--listen",
                           "127.0.0.1:0", "--metrics", "0.0.0.0:0"], env=environment(server.folder),
                          capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2 and "loopback" in done.stderr


def test_the_journal_can_be_json(make_server):
    server = make_server(options=["--log", "json"])
    server.stop()
    lines = [json.loads(line) for line in server.output().splitlines() if line.startswith("{")]
    assert lines and all(set(line) == {"time", "part", "message"} for line in lines)
    assert lines[-1]["message"] == "stopping"


# Certificates


def certificate(folder, key, serial):
    """A certificate around `key`, by openssl."""
    subprocess.run(["openssl", "req", "-x509", "-key", key, "-out", folder / "new.pem", "-days", "30",
                    "-subj", "/CN=cloudboxd", "-set_serial", str(serial)],
                   check=True, capture_output=True)
    os.replace(folder / "new.pem", folder / "cert.pem")


def test_a_new_certificate_is_taken_at_a_hangup_and_one_of_another_key_is_not(make_server, make_terminal,
                                                                              tmp_path):
    key = tmp_path / "key.pem"

    def make_key():
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key],
                       check=True, capture_output=True)

    def served():
        pem = ssl.get_server_certificate(("127.0.0.1", server.port))
        text = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=pem, text=True,
                              capture_output=True, check=True).stdout
        return int(text.split("=")[1], 16)

    make_key()
    certificate(tmp_path, key, 1)
    server = make_server(options=["--tls-cert", tmp_path / "cert.pem", "--tls-key", key])
    t = make_terminal()
    t.init(server)
    assert served() == 1
    certificate(tmp_path, key, 2)
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: "new connections get the certificate" in server.output(), "it says so")
    assert served() == 2
    t.contacts(people(1))
    t.run("add", "contacts", "--all")
    t.run("backup")
    make_key()
    certificate(tmp_path, key, 3)
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: "the certificate stays as it is" in server.output(), "it refuses")
    assert served() == 2


# The unit


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")
def test_the_systemd_unit_lets_the_server_do_little():
    unit = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "cloudboxd.service"
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
                          capture_output=True, text=True)
    level = re.search(r"Overall exposure level for cloudboxd.service: ([0-9.]+)", done.stdout)
    assert done.returncode == 0 and float(level[1]) <= 2.0, done.stdout + done.stderr


# The end


def test_a_backup_under_way_is_finished_before_the_server_ends(make_relayed, make_terminal):
    server, relay = make_relayed()
    t = make_terminal()
    t.init(server)
    t.documents({"large": noise(6 << 20)})
    t.run("add", "documents", "--all")
    relay.hold("up", 2 << 20)
    running = t.start("backup")
    relay.wait_reached(running)
    os.kill(server.pid, signal.SIGTERM)
    wait_until(lambda: "stopping" in server.output(), "it has heard")
    stored = len(objects(server))
    relay.let_go()
    assert server.ended() == 0
    assert len(objects(server)) > stored  # what was on its way
    server.start()
    relay.target = server.port
    running.finish()
    assert named(t.run("cloud")) == ["large"]
