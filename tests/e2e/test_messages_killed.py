# SPDX-License-Identifier: Apache-2.0
"""A restore of messages or calls, killed between any two writes of the Box's files or the app's: every file
is as it was or as it should be, and the same restore again ends where the first would have.

`make check` kills at some of the points, by a seed that is printed; with CLOUDBOX_FULL=1 at each."""
import os
import random
import re
import shutil
import signal

import pytest

from programs import BUILD, put, tree

SEED = int(os.environ.get("CLOUDBOX_SEED", random.randrange(10**9)))
FULL = os.environ.get("CLOUDBOX_FULL")
SAMPLE = 2

HEAD = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n"
PICTURE = '<part ct="image/jpeg" data="/9j/4AAQSkZJRgABAQAAAQ==" />'
TEXT = '<part ct="text/plain" text="look" />'


def sms(n):
    return f'<sms address="+4917000000{n % 10}" date="{1600000000000 + n * 1000}" type="1" body="message {n}" />'


def mms(*parts):
    return ('<mms address="+15557778888" date="1609470000000" msg_box="1" m_id="m1">'
            f'<parts>{"".join(parts)}</parts></mms>')


def call(n):
    return f'<call number="+4917000000{n % 10}" date="{1600000000000 + n * 1000}" type="2" duration="{n}" />'


def file(root, elements):
    return (HEAD + f'<{root} count="{len(elements)}">\n' + "".join(f"  {e}\n" for e in elements) +
            f"</{root}>\n").encode()


def smses(*elements):
    return file("smses", elements)


def calls(*elements):
    return file("calls", elements)


MANY = [sms(n) for n in range(40)]  # written in one go
CASES = {
    "messages come into a file that has others": (
        "sms-xml", {"a.xml": smses(sms(1)), "b.xml": smses(sms(2), mms(TEXT))},
        {"b.xml": smses(sms(2), sms(3), sms(4), mms(TEXT))}),
    "many messages come into a file": ("sms-xml", {"a.xml": smses(MANY[7])}, {"a.xml": smses(*MANY)}),
    "a part comes back into a message, and others beside it": (
        "sms-xml", {"a.xml": smses(mms(TEXT), sms(1))}, {"a.xml": smses(mms(PICTURE, TEXT), sms(5))}),
    "messages come where no file is": ("sms-xml", {}, {"a.xml": smses(sms(1), sms(2))}),
    "messages come where no file can take them": (
        "sms-xml", {"a.xml": smses(sms(1), sms(2))[:-20]}, {"a.xml": smses(sms(1), sms(3))}),
    "calls come into a file that has messages, too": (
        "calls-xml", {"a.xml": calls(call(1)), "b.xml": smses(sms(1))}, {"a.xml": calls(call(1), call(2), call(2))}),
}


def lay(folder, files):
    """Exactly these files."""
    shutil.rmtree(folder)
    folder.mkdir()
    put(folder, files)


def restore(t, log, **fault):
    """Under libfault.so (tests/fault); the number of calls that can lose data."""
    t.run("restore", "history", expect=(0, 3, -signal.SIGKILL), env={
        "LD_PRELOAD": BUILD / "tests/fault/libfault.so", "FAULT_CLASS": "disk-write", "FAULT_LOG": log, **fault})
    return int(re.search(r"calls (\d+)", log.read_text())[1]) if not fault else None


@pytest.mark.parametrize("what", CASES, ids=str)
def test_killed(make_terminal, server, tmp_path, what):
    adapter, here, saved = CASES[what]
    t = make_terminal()
    t.init(server)
    folder = t.app("history", adapter, saved)
    t.run("add", "history", "--all")
    assert t.run("backup")["failed"] == []
    lay(folder, here)
    shutil.copytree(t.home, tmp_path / "box")
    n = restore(t, tmp_path / "log")
    whole = tree(folder)
    assert n > 10 and whole != {name: raw for name, raw in here.items()}
    points = range(1, n + 1)
    for at in points if FULL else sorted(random.Random(f"{SEED}{what}").sample(points, SAMPLE)):
        print(f"CLOUDBOX_SEED={SEED}: killed before write {at} of {n}")
        shutil.rmtree(t.home)
        shutil.copytree(tmp_path / "box", t.home)
        lay(folder, here)
        restore(t, tmp_path / "log", FAULT_AT=at, FAULT_DO="kill-before")
        now = tree(folder)
        torn = [name for name, raw in now.items()
                if raw not in (here.get(name), whole.get(name)) and not name.startswith(".cloudbox-")]
        # a file that takes new messages is made empty first
        assert all(name not in here and b"<sms" not in now[name].split(b"count", 1)[1] for name in torn), torn
        assert set(here) <= set(now), "a file is gone"
        t.run("restore", "history", expect=(0, 3))
        assert tree(folder) == whole, "restored again, it is not what it would have been"
    told = t.run("restore", "history", expect=(0, 3))
    assert told["written"] == 0 and tree(folder) == whole
