# SPDX-License-Identifier: Apache-2.0
"""Evolution Data Server, or we, going away in the middle: no contact twice, none lost, a clear word."""
import os
import signal

import pytest

import desktop
import phone
from test_eds import make_desktop, results, saved  # noqa: F401

N = 100
CARDS = {f"c{i}": phone.card(f"Person {i}", uid=f"uid-{i}", tel=f"+491700000{i:03}") for i in range(N)}


@pytest.fixture(scope="module")
def source(make_terminal, server):
    """A phone with N contacts in its backup."""
    made = make_terminal()
    made.init(server)
    made.contacts(CARDS)
    saved(made)
    return made


@pytest.fixture
def gnome(make_desktop, source):  # noqa: F811
    made = make_desktop()
    made.join(source)
    made.gnome("contacts", "eds-contacts")
    return made


def everybody_once(gnome, source):
    told = gnome.run("restore", "contacts", "--from", source.device)
    assert sum(results(told).values()) == N and set(results(told)) <= {"added", "identical"}, results(told)
    assert sorted(gnome.eds("contacts", "uids")) == sorted(f"uid-{i}" for i in range(N))
    assert results(gnome.run("restore", "contacts", "--from", source.device)) == {"identical": N}


def after(gnome, source, n, do):
    """Start a restore; when n contacts are seen, `do` it to the running restore, which is returned."""
    with gnome.watching("contacts") as heard:
        running = gnome.start("restore", "contacts", "--from", source.device)
        for _ in range(n):
            assert heard.stdout.readline().startswith("added ")
        do(running)
    return running


def test_killed_between_two_writes_a_restore_is_finished_by_the_next(gnome, source):
    counts = []
    for n in (1, 40):
        def die(running):
            service = gnome.session.pid_of(desktop.BOOK_SERVICE)
            os.kill(service, signal.SIGSTOP)  # it writes no more
            running.kill()
            os.kill(service, signal.SIGCONT)

        after(gnome, source, n, die)
        there = gnome.eds("contacts", "uids")
        counts.append(len(there))
        everybody_once(gnome, source)
        gnome.eds("contacts", "remove", *(f"uid-{i}" for i in range(N)))
    assert any(0 < count < N for count in counts), f"never in the middle: {counts}"


def test_the_service_killed_in_the_middle_is_told_and_the_next_restore_goes_on(gnome, source):
    running = after(gnome, source, 5, lambda _: gnome.session.kill(desktop.BOOK_SERVICE))
    told = running.finish(expect=(0, 1, 3))
    if "error" in told:
        assert "Evolution Data Server" in told["error"]["message"], told
    everybody_once(gnome, source)


def test_interrupted_a_restore_ends_by_itself_and_the_next_goes_on(gnome, source):
    running = after(gnome, source, 3, lambda running: os.kill(running.pid, signal.SIGINT))
    running.finish(expect=(0, 1, 3, 130))
    everybody_once(gnome, source)


def test_without_a_session_the_app_is_unavailable_and_everything_else_works(gnome, source):
    gnome.documents({"a.txt": b"a"})
    nowhere = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
    error = gnome.error("items", "contacts", env=nowhere)
    assert error["code"] == "not-found" and "Evolution Data Server cannot be reached" in error["message"]
    assert "desktop session" in error["hint"]
    assert "contacts" in {a["name"] for a in gnome.run("apps", env=nowhere)}
    assert "cannot be reached" in gnome.stderr
    gnome.run("add", "documents", "--all", env=nowhere)
    gnome.run("backup", env=nowhere, expect=None)
    assert [i["name"] for i in gnome.run("items", "documents", env=nowhere)] == ["a.txt"]


def test_of_many_contacts_the_one_that_changed_is_the_one_that_is_written(gnome, source):
    gnome.run("restore", "contacts", "--from", source.device)
    gnome.eds("contacts", "modify", phone.card("Person 7", uid="uid-7").decode())  # its number is gone
    with gnome.watching("contacts") as heard:
        told = gnome.run("restore", "contacts", "--from", source.device)
        assert results(told) == {"merged": 1, "identical": N - 1}
        gnome.eds("contacts", "remove", "uid-0")  # what is heard behind it comes later
        assert heard.stdout.readline() == "modified uid-7\n"
        assert heard.stdout.readline() == "removed uid-0\n"


def test_a_contact_changed_in_the_meantime_is_not_overwritten(gnome, source):
    """By another program, between our looking and our writing: its change stays."""
    gnome.run("restore", "contacts", "--from", source.device)
    bare = [phone.card(f"Person {i}", uid=f"uid-{i}").decode() for i in range(N)]
    gnome.eds("contacts", "modify", *bare)
    with gnome.watching("contacts") as heard:
        running = gnome.start("restore", "contacts", "--from", source.device)
        assert heard.stdout.readline().startswith("modified ")
        gnome.eds("contacts", "modify", bare[N - 1].replace("END:", "NOTE:mine\r\nEND:"))
        running.finish(expect=(0, 3))
    gnome.run("restore", "contacts", "--from", source.device)
    there = {line for card in gnome.eds("contacts", "list") for line in card.split("\r\n")}
    assert "NOTE:mine" in there
    assert sum(line.startswith("TEL") for line in there) == N
