# SPDX-License-Identifier: Apache-2.0
"""`cloudbox run`: what is due is done by itself; the unlocked session lasts ten minutes, and no longer."""
import contextlib
import os
import pathlib
import random
import re
import signal
import time

import pytest

import clock as clocks
import programs
import relay as relays
from phone import noise, people
from programs import put, wait_until

NO_PASSPHRASE = {"CLOUDBOX_PASSPHRASE": None}
SOON = 12  # seconds: a child that is to end has ten


@pytest.fixture
def new_terminal(server, make_terminal):
    """Three contacts that are not saved yet, in an account of their own."""
    t = make_terminal()
    t.init(server)
    t.contacts(people(3))
    t.run("add", "contacts", "--all")
    return t


@pytest.fixture(scope="module")
def shared(server, make_terminal):
    t = make_terminal()
    t.init(server)
    t.contacts(people(3))
    t.run("add", "contacts", "--all")
    t.run("backup")
    return t


@pytest.fixture
def terminal(shared):
    """All is saved, nothing is done by itself, and the server knows."""
    shared.run("auto", "off")
    shared.run("run", "--once")
    return shared


def is_sanitized():
    """A sanitizer's shadow takes what it wants."""
    return b"__asan_init" in pathlib.Path(programs.program("cloudbox")).read_bytes()


def saved(t):
    return t.run("status")["unsaved_items"] == 0


def children(pid):
    """Living processes that `pid` has started."""
    return [int(found) for found in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def opens(pid, path):
    try:
        return any(link.resolve() == path for link in pathlib.Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:  # it came or went meanwhile
        return False


def is_gone(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


# What it does


def test_what_is_due_is_backed_up_when_it_starts(new_terminal, serve):
    terminal = new_terminal
    terminal.run("auto", "all")
    service = serve(terminal)
    wait_until(lambda: saved(terminal), "the backup")
    assert "this is the service of the Box" in service.stderr
    assert len(terminal.run("cloud")) == 3


def test_nothing_is_done_by_itself_before_it_is_said_and_then_at_once(new_terminal, serve):
    terminal = new_terminal
    service = serve(terminal, said="Nothing is done by itself")
    assert terminal.run("status")["unsaved_items"] == 3
    terminal.run("auto", "all")
    wait_until(lambda: saved(terminal), "the backup")
    assert service.is_alive()


def test_a_service_without_an_account_waits_for_one(server, make_terminal, serve):
    t = make_terminal()
    service = serve(t, said="waiting for an account")
    t.init(server)
    wait_until(lambda: "Nothing is done by itself" in service.stderr, "the account is seen")


def test_what_is_added_is_backed_up_at_once(terminal, serve):
    terminal.run("auto", "all")
    serve(terminal)
    wait_until(lambda: saved(terminal), "the first backup")
    terminal.documents({"letter.txt": b"a letter"})
    terminal.run("add", "documents", "--all")
    wait_until(lambda: saved(terminal), "the second")
    assert {item["app"] for item in terminal.run("cloud")} == {"contacts", "documents"}


def test_status_says_who_serves_and_whether_it_is_unlocked(terminal, serve):
    assert terminal.run("status")["service"] is None
    assert "none runs" in terminal.run("status", json=False)
    service = serve(terminal, said="Nothing")
    said = terminal.run("status")["service"]
    assert said["pid"] == service.pid and said["session_s"] == 0 and said["problem"] is None
    assert f"process {service.pid}; locked" in terminal.run("status", json=False)
    terminal.run("cloud")
    assert 590 < terminal.run("status")["service"]["session_s"] <= 600
    assert "unlocked for 10 minutes more" in terminal.run("status", json=False)
    terminal.run("lock")
    assert "; locked" in terminal.run("status", json=False)


def test_a_second_service_says_who_is_the_first(terminal, serve):
    first = serve(terminal, said="Nothing")
    error = terminal.error("run")
    assert error["code"] == "busy" and str(first.pid) in error["message"]
    assert "cloudbox status" in error["hint"]


def test_after_a_service_was_killed_another_one_takes_its_place(terminal, serve):
    first = serve(terminal, said="Nothing")
    first.kill()
    assert (terminal.home / "service").is_socket()
    serve(terminal, said="Nothing")
    assert terminal.run("lock") == {"changed": 0}


def test_a_service_ends_well_when_it_is_asked_to(terminal, serve):
    for number in (signal.SIGTERM, signal.SIGINT):
        service = serve(terminal, said="Nothing")
        service.signal(number)
        service.finish()
        assert not (terminal.home / "service").exists()


def test_an_idle_service_has_a_timer_hours_ahead_and_is_small(terminal, serve):
    if os.geteuid() != 0:
        pytest.skip("only root can look into a process that keeps its secrets")
    terminal.run("auto", "all")
    terminal.run("run", "--once")  # what is due goes before
    service = serve(terminal, said="compare waits")
    proc = pathlib.Path(f"/proc/{service.pid}")

    def timers():
        return [int(found) for file in (proc / "fdinfo").iterdir()
                for found in re.findall(r"it_value: \((\d+),", file.read_text())]

    wait_until(lambda: len(timers()) == 2 and min(timers()) > 3600, "nothing to do for an hour")
    memory = dict(re.findall(r"(\w+):\s+(\d+) kB", (proc / "status").read_text()))
    print(f"RssAnon {memory['RssAnon']} KiB, with files {memory['VmRSS']} KiB")
    if not is_sanitized():
        assert int(memory["VmHWM"]) <= 10 * 1024, memory


# The session


def test_one_passphrase_serves_the_commands_of_ten_minutes_and_lock_ends_it(terminal, serve):
    serve(terminal, said="Nothing")
    assert terminal.error("cloud", expect=4, env=NO_PASSPHRASE)["code"] == "locked"
    terminal.run("cloud")
    item = terminal.run("cloud", env=NO_PASSPHRASE)[0]["id"]
    terminal.run("history", "contacts", item, env=NO_PASSPHRASE)
    terminal.run("restore", "--preview", env=NO_PASSPHRASE)
    terminal.run("verify", "--data", env=NO_PASSPHRASE)
    assert terminal.run("lock") == {"changed": 1}
    assert terminal.error("cloud", expect=4, env=NO_PASSPHRASE)["code"] == "locked"
    assert terminal.run("lock") == {"changed": 0}


def test_a_wrong_passphrase_is_wrong_although_a_session_is_held(terminal, serve):
    serve(terminal, said="Nothing")
    terminal.run("cloud")
    wrong = {"CLOUDBOX_PASSPHRASE": "not this one at all"}
    assert terminal.error("cloud", expect=4, env=wrong)["code"] == "locked"
    terminal.run("cloud", env=NO_PASSPHRASE)


def test_who_gets_in_is_not_changed_by_a_session_and_a_change_ends_it(new_terminal, serve):
    terminal = new_terminal
    serve(terminal, said="Nothing")
    terminal.run("cloud")
    new = {"CLOUDBOX_NEW_PASSPHRASE": "eight silver herons by dusk"}
    for command in (("passphrase",), ("recovery", "new", "--yes"), ("revoke", terminal.device, "--yes")):
        error = terminal.error(*command, expect=4, env={**NO_PASSPHRASE, **new})
        assert error["code"] == "locked", command
    terminal.run("cloud", env=NO_PASSPHRASE)
    terminal.run("passphrase", env=new)
    terminal.passphrase = new["CLOUDBOX_NEW_PASSPHRASE"]
    assert terminal.error("cloud", expect=4, env=NO_PASSPHRASE)["code"] == "locked"
    terminal.run("cloud")
    terminal.run("recovery", "new", "--yes")
    assert terminal.error("cloud", expect=4, env=NO_PASSPHRASE)["code"] == "locked"


def test_a_passphrase_that_another_device_changed_ends_the_session_here(new_terminal, make_terminal, serve):
    terminal = new_terminal
    serve(terminal, said="Nothing")
    other = make_terminal()
    other.join(terminal)
    terminal.run("cloud")
    other.run("passphrase", env={"CLOUDBOX_NEW_PASSPHRASE": "eight silver herons by dusk"})
    assert terminal.error("cloud", expect=4, env=NO_PASSPHRASE)["code"] == "locked"
    assert terminal.run("lock") == {"changed": 0}


def test_revoking_ends_the_session(terminal, make_terminal, serve):
    serve(terminal, said="Nothing")
    other = make_terminal()
    other.join(terminal)
    terminal.run("cloud")
    terminal.run("revoke", other.device, "--yes")
    assert terminal.run("lock") == {"changed": 0}


def test_a_new_service_holds_no_session_of_an_older_one(terminal, serve):
    first = serve(terminal, said="Nothing")
    terminal.run("cloud")
    first.kill()
    serve(terminal, said="Nothing")
    assert terminal.error("cloud", expect=4, env=NO_PASSPHRASE)["code"] == "locked"


def test_the_session_lies_in_no_file(terminal, serve):
    """Neither the passphrase nor anything else changes below HOME when a session begins."""
    serve(terminal, said="Nothing")
    terminal.run("cloud")
    terminal.run("lock")
    before = programs.tree(terminal.home)
    terminal.run("cloud")
    after = programs.tree(terminal.home)
    assert set(before) == set(after)
    assert terminal.run("lock") == {"changed": 1}


# Ends


@pytest.fixture
def relayed_terminal(relayed, make_terminal):
    """It has a film to save, behind a relay."""
    server, relay = relayed
    t = make_terminal()
    t.init(server)
    t.documents({"film.bin": noise(4_000_000)})
    t.run("add", "documents", "--all")
    t.run("auto", "all")
    return t, relay


def complete(t):
    """What was cut off is finished by whoever comes next, and lies there once."""
    t.run("backup")
    assert [item["versions"] for item in t.run("cloud")] == [1]


def test_a_service_ends_soon_also_in_a_backup_and_nothing_is_lost(relayed_terminal, serve):
    t, relay = relayed_terminal
    relay.hold("up", 1_000_000)
    service = t.serve(said="service of the Box")
    relay.wait_reached(service)
    begun = time.monotonic()
    service.signal(signal.SIGTERM)
    service.finish()
    assert time.monotonic() - begun < SOON
    relay.let_go(break_off=True)
    serve(t)  # which goes on at once: being stopped is no failure
    wait_until(lambda: saved(t), "the next service's backup")
    complete(t)


def test_a_service_whose_child_waits_for_another_command_ends_soon(relayed_terminal):
    if os.geteuid() != 0:
        pytest.skip("only root can look into a process that keeps its secrets")
    t, relay = relayed_terminal
    relay.hold("up", 1_000_000)
    by_hand = t.start("backup")
    relay.wait_reached(by_hand)
    service = t.serve(said="service of the Box")
    wait_until(lambda: any(opens(child, t.home / "lock") for child in children(service.pid)),
               "the child wants the lock")
    begun = time.monotonic()
    service.signal(signal.SIGTERM)
    service.finish()
    assert time.monotonic() - begun < SOON / 2
    relay.let_go()
    by_hand.finish()
    complete(t)


@pytest.mark.parametrize("position", (0, 300, 1_000_000, 4_000_200))
def test_a_killed_service_takes_its_child_along_and_nothing_is_lost(relayed_terminal, position):
    t, relay = relayed_terminal
    relay.hold("up", position)
    service = t.serve(said="service of the Box")
    relay.wait_reached(service)
    child, = children(service.pid)
    service.signal(signal.SIGKILL)
    wait_until(lambda: is_gone(child), "the child ends")
    service.kill()
    relay.let_go(break_off=True)
    complete(t)


@pytest.mark.parametrize("position", (0, 1_000_000, 4_000_200))
def test_a_killed_child_ends_no_service_and_loses_nothing(relayed_terminal, serve, position):
    t, relay = relayed_terminal
    relay.hold("up", position)
    service = serve(t, said="service of the Box")
    relay.wait_reached(service)
    child, = children(service.pid)
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: "signal 9" in service.stderr, "the service notices")
    relay.let_go(break_off=True)
    assert service.is_alive()
    complete(t)


@pytest.fixture(scope="module")
def in_time(make_server, tmp_path_factory):
    """(server, relay, clock), the clock being the server's and whoever's takes its environment."""
    clock = clocks.Clock(tmp_path_factory.mktemp("clock") / "clock")
    with relays.Relay() as relay:
        server = make_server(start=False, plain=True, url=relay.address)
        server.env = clock.env
        relay.target = server.start().port
        yield server, relay, clock


@pytest.mark.parametrize("seed", range(2))
def test_service_and_child_killed_at_any_moment_lose_nothing(in_time, make_terminal, seed):
    server, relay, clock = in_time
    r = random.Random(seed)
    t = make_terminal()
    t.init(server, env=clock.env)
    folder = t.documents({"film.bin": noise(200_000, seed=f"{seed} film")})
    t.run("add", "documents", "--all")
    t.run("auto", "all")
    for n in range(8):
        put(folder, {"film.bin": noise(200_000, seed=f"{seed} {n}"), f"{n}.txt": f"{n}".encode()})
        t.run("add", "documents", "--all", "--yes")
        position = r.choice([r.randrange(2_000), r.randrange(210_000)])
        relay.hold(r.choice(["up", "up", "down"]), position if position > 2_000 else position // 4)
        clock.advance(clocks.DAY)  # after a failure it would wait
        service = t.serve(said="service of the Box", env=clock.env)
        wait_until(lambda: relay.reached or "waits for" in service.stderr, f"round {n}: {position}")
        victims = [service.pid, *children(service.pid)]
        r.shuffle(victims)
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        service.kill()
        relay.let_go(break_off=r.random() < 0.5)
    t.run("backup", env=clock.env)
    assert t.run("backup", env=clock.env)["requests"] == 0
    assert t.run("verify", "--data", env=clock.env)["bad"] == []
    assert len(t.run("cloud", env=clock.env)) == 9
    preview = t.run("restore", "--preview", env=clock.env)
    assert {item["result"] for item in preview["items"]} == {"identical"}, f"seed {seed}"
