# SPDX-License-Identifier: Apache-2.0
"""GNOME Contacts and GNOME Calendar, open on a screen of their own while a restore merges: they stay open, and
what came shows on the screen."""
import contextlib
import datetime
import os
import pathlib
import subprocess

import pytest

import desktop
import phone
import programs
from test_eds import make_desktop, saved  # noqa: F401

WIDTH, HEIGHT = 900, 1000


@contextlib.contextmanager
def screen(t):
    """An X server; what it is told to run sees nothing but the session of `t`."""
    desktop.need("Xvfb", "import")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"],
        pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    with open(read) as told:
        display = ":" + told.readline().strip()
    try:
        yield {**t.session.env, "DISPLAY": display, "GSK_RENDERER": "cairo", "GDK_BACKEND": "x11",
               "NO_AT_BRIDGE": "1", "GTK_A11Y": "none"}
    finally:
        server.terminate()
        server.wait(programs.PATIENCE)


def picture(t, env):
    """The pixels of the screen, as one long string."""
    return subprocess.run(["import", "-window", "root", "rgb:-"], stdout=subprocess.PIPE, check=True,
                          timeout=programs.PATIENCE, env=programs.environment(t.folder, **env)).stdout


def keep(t, env, name):
    """For people to look at: CLOUDBOX_PICTURES names a folder."""
    if "CLOUDBOX_PICTURES" in os.environ:
        subprocess.run(["import", "-window", "root", pathlib.Path(os.environ["CLOUDBOX_PICTURES"], name)],
                       check=True, env=programs.environment(t.folder, **env))


def settled(t, env, app, other_than):
    """A picture that differs and then stays the same."""
    seen = []

    def look():
        assert app.poll() is None, f"{app.args[0]} ended with {app.poll()}"
        seen[:-1] = []
        seen.append(picture(t, env))
        return len(seen) > 1 and seen[-1] == seen[-2] and seen[-1] not in other_than
    programs.wait_until(look, "the screen changes and comes to rest")
    return seen[-1]


def open_app(t, env, *command):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, env=programs.environment(t.folder, **env))


def shows_a_merge(t, source, app, command, name):
    with screen(t) as env:
        empty = picture(t, env)
        shown = open_app(t, env, *command)
        try:
            before = settled(t, env, shown, [empty])
            keep(t, env, f"{name}-before.png")
            t.run("restore", app, "--from", source.device)
            settled(t, env, shown, [empty, before])
            keep(t, env, f"{name}-after.png")
        finally:
            keep(t, env, f"{name}-end.png")
            shown.terminate()
            shown.wait(programs.PATIENCE)


@pytest.fixture
def pair(make_desktop, server):  # noqa: F811
    a, b = make_desktop(), make_desktop()
    a.init(server)
    b.join(a)
    for one in (a, b):
        one.gnome("contacts", "eds-contacts")
        one.gnome("calendar", "eds-calendar")
    return a, b


def test_gnome_contacts_shows_a_merge_while_it_is_open(pair):
    desktop.need("gnome-contacts")
    a, b = pair
    b.eds("contacts", "add", phone.card("Anna Schmidt", uid="anna").decode())
    a.eds("contacts", "add", *(phone.card(f"Person {i}", uid=f"p{i}", tel=f"+491700000{i}").decode()
                               for i in range(9)))
    saved(a)
    shows_a_merge(b, a, "contacts", ["gnome-contacts"], "contacts")
    assert len(b.eds("contacts", "uids")) == 10


def test_gnome_calendar_shows_a_merge_while_it_is_open(pair):
    desktop.need("gnome-calendar")
    a, b = pair
    today = datetime.date.today().strftime("%Y%m%d")
    a.eds("events", "add", *(
        f"BEGIN:VEVENT\r\nUID:e{i}\r\nDTSTAMP:20240101T000000Z\r\nDTSTART;VALUE=DATE:{today}\r\n"
        f"SUMMARY:Meeting {i}\r\nEND:VEVENT\r\n" for i in range(3)))
    a.run("add", "calendar", "--all")
    a.run("backup")
    shows_a_merge(b, a, "calendar", ["gnome-calendar"], "calendar")
    assert len(b.eds("events", "uids")) == 3
