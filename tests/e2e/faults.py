#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The sweep: the n-th call of a program fails, for every n, and afterwards nothing is lost.

    tests/e2e/faults.py [--scenario NAME]... [--way NAME]... [--sample N] [--seed S] [--jobs N]

A *scenario* is one command in a world of its own: a server and two terminals, put back to the same
state before each *point*.  A point is (scenario, way, n): a *way* says which kind of calls fail and
how (WAYS), n which of them.  tests/fault/preload.c makes it happen, in the terminal's program or in
the server's.  Then:

- it ended by itself, not by a signal; with a status other than 0 it says why, in a code that is true;
- with status 0 all is as after a run without a fault;
- else each file on the terminal is as before or as after, and each device's items on the server too;
- the same command again, without a fault, ends with 0, and then all is as after a run without one:
  files, shortcuts and their states, what lies in the cloud and in how many versions, what is held
  and kept; `cloudboxd check --all` and `cloudbox verify` find nothing; a backup has nothing to do.

A sweep of one (scenario, way) is over when a run meets no fault.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import programs  # noqa: E402
from phone import card, jpeg, noise, people  # noqa: E402

LIBRARY = programs.BUILD / "tests" / "fault" / "libfault.so"

# --- ways to fail: what of libfault.so's environment is set ---

Way = collections.namedtuple("Way", "name kinds do ever codes caller", defaults=(None,))

DISK = ("io", "full", "no-memory", "unreachable", "partial")
WAYS = {way.name: way for way in (
    Way("eio", "io", "EIO", False, DISK),
    Way("eio-ever", "io", "EIO", True, DISK),
    Way("enospc", "write,sync,truncate,rename,link,mkdir", "ENOSPC", False, ("full", "io")),
    Way("enospc-ever", "write,sync,truncate,rename,link,mkdir", "ENOSPC", True, ("full", "io")),
    Way("eintr", "open,read,write,sync,truncate", "EINTR", False, DISK),
    Way("short", "read,write", "short", False, ()),
    Way("kill-before", "disk-write", "kill-before", False, ()),
    Way("kill-after", "disk-write", "kill-after", False, ()),
    Way("net", "net", "ECONNRESET", False, ("unreachable", "partial")),
    Way("net-ever", "net", "ECONNRESET", True, ("unreachable", "partial")),
    Way("net-eintr", "net", "EINTR", False, ("unreachable", "partial")),
    Way("net-short", "send,recv", "short", False, ()),
    Way("net-kill", "net", "kill-before", False, ()),
    Way("memory", "alloc", "ENOMEM", False, ("no-memory", "unreachable", "partial"), "cloudbox,cloudboxd"),
    Way("memory-ever", "alloc", "ENOMEM", True, ("no-memory", "unreachable", "partial"),
        "cloudbox,cloudboxd"),
    Way("memory-sqlite", "alloc", "ENOMEM", False, ("no-memory", "partial"), "libsqlite3"),
    # libmagic is left out: it crashes by itself where it finds no memory.
    Way("memory-libraries", "alloc", "ENOMEM", False,
        ("no-memory", "unreachable", "partial", "internal", "io"),
        "libcurl,libcrypto,libssl,libjson-c,libsodium,libzstd,libmicrohttpd,libgnutls"),
)}


class Fault:
    """libfault.so's environment for one run, and what it told."""

    def __init__(self, folder, way, n, below):
        self.way, self.n = way, n
        self.control, self.log = folder / "fault-control", folder / "fault-log"
        self.control.write_bytes(struct.pack("=QQQ", n, 0, 0))
        self.log.unlink(missing_ok=True)
        self.env = {"LD_PRELOAD": LIBRARY, "FAULT_CLASS": way.kinds, "FAULT_DO": way.do,
                    "FAULT_PATH": below, "FAULT_FROM": way.caller, "FAULT_CONTROL": self.control,
                    "FAULT_LOG": self.log, "FAULT_EVER": "1" if way.ever else None}

    def set_at(self, n):
        """From the next call on they are counted, and the n-th meets the fault."""
        with open(self.control, "r+b") as file:
            file.write(struct.pack("=QQQ", n, 0, 0))

    @property
    def kills(self):
        return self.way.do.startswith("kill")

    def calls(self):
        return struct.unpack("=QQQ", self.control.read_bytes())[1]

    def hits(self):
        return struct.unpack("=QQQ", self.control.read_bytes())[2]

    def place(self):
        """The call that met it, and the functions of ours that were on their way to it."""
        if not self.log.exists():
            return "?"
        lines = self.log.read_text().splitlines()
        frames = collections.defaultdict(list)
        for line in lines[1:]:
            if found := re.search(r"^(\S*/cloudboxd?)\(\+(0x[0-9a-f]+)\)", line):
                frames[found[1]].append(hex(int(found[2], 16) - 1))
        names = []
        for program, addresses in frames.items():
            done = subprocess.run(["addr2line", "-sfe", program, *addresses], capture_output=True,
                                  text=True)
            told = done.stdout.split("\n")
            names += [f"{told[i]} ({told[i + 1].split(' ')[0]})" for i in range(0, len(told) - 1, 2)]
        return f"{lines[0] if lines else '?'} in " + " < ".join(names[:8])


# --- the world ---

class Lost(AssertionError):
    """What must not be."""


class World:
    """A server and the terminals `a` and `b`; `keep()` notes how all is now, `put_back()` makes it so."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.live, self.kept = self.folder / "live", self.folder / "kept"
        self.live.mkdir(parents=True)
        self.server = programs.Server(self.live / "server", plain=True)
        self.a = programs.Terminal(self.live / "a", "a")
        self.b = programs.Terminal(self.live / "b", "b")
        self.watch, self.watched, self.server_end = None, False, None
        self.words = {}  # of a scenario: what its command line needs
        self.stranger = False  # b is in another account than a
        self.server.start()

    def code(self):
        """The recovery code opens without Argon2id."""
        return {"CLOUDBOX_PASSPHRASE": None, "CLOUDBOX_RECOVERY_CODE": self.a.recovery_code}

    def keep(self):
        self.server.stop()
        shutil.rmtree(self.kept, ignore_errors=True)
        shutil.copytree(self.live, self.kept, symlinks=True)
        self.server.start()

    def put_back(self):
        self.end_server()
        shutil.rmtree(self.live)
        shutil.copytree(self.kept, self.live, symlinks=True)
        self.server.start()

    def start_server(self, fault):
        """Anew, with the fault to come once it is ready; whatever it meets, it is started again."""
        self.end_server()
        self.server_end = None
        at = fault.n
        fault.set_at(0)
        self.server.env = fault.env
        self.server.start()
        self.server.env = {}
        fault.set_at(at)
        self.watch = threading.Thread(target=self.start_again)
        self.watched = True
        self.watch.start()

    def start_again(self):
        while self.watched and self.server.is_alive():
            time.sleep(0.01)
        if self.watched:
            self.server_end = self.server.ended()
            try:
                self.server.start()
            except AssertionError:
                self.watched = False  # whoever comes next will see

    def end_watch(self):
        self.watched = False
        self.watch.join()

    def end_server(self):
        if self.server.is_alive():
            self.server.kill()

    def run(self, terminal, args, env=None, fault=None):
        """A command: (status, document or text, standard error)."""
        done = subprocess.run(
            terminal._command(args, True), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", timeout=programs.PATIENCE,
            env=terminal._environment({**self.code(), **(env or {}), **(fault.env if fault else {})}))
        return done.returncode, done.stdout, done.stderr

    def ask(self, terminal, *args):
        """A command that goes well; its document."""
        status, out, errors = self.run(terminal, args)
        if status not in (0, 3):
            raise Lost(f"{terminal.name}: {' '.join(map(str, args))}: {status} {out}{errors}")
        return json.loads(out)

    # What is compared

    def items_on_server(self):
        """Per device: its items, how many versions each has, and whether it is live."""
        db = sqlite3.connect(f"file:{self.server.data}/cloudbox.db?mode=ro", uri=True)
        try:
            return db.execute("SELECT device, hex(item), versions, live FROM items ORDER BY 1, 2").fetchall()
        finally:
            db.close()

    def accounts_on_server(self):
        """How many accounts there are, and living devices: nobody is left behind half joined."""
        db = sqlite3.connect(f"file:{self.server.data}/cloudbox.db?mode=ro", uri=True)
        try:
            return db.execute("SELECT (SELECT count(*) FROM accounts), "
                              "(SELECT count(*) FROM devices WHERE state = 0)").fetchone()
        finally:
            db.close()

    def files(self):
        return {name: programs.tree(t.phone) for name, t in (("a", self.a), ("b", self.b))}

    def observe_terminal(self, t):
        boxed = {}
        for folder in self.ask(t, "box"):
            boxed[folder["app"]] = [(i["id"], i["state"], i["selected"], i["versions"], i["size"])
                                    for i in self.ask(t, "box", folder["app"])]
        return {
            "box": boxed,
            "apps": [(a["name"], a["adapter"], a["path"], a["items"]) for a in self.ask(t, "apps")],
            "status": [self.ask(t, "status")[word] for word in ("unsaved_items", "recovery")],
            "rules": [(r["name"], r["app"], r["where"]) for r in self.ask(t, "rules")],
            "held": [(h["app"], h["id"], h["field"], h["here"], h["backup"]) for h in self.ask(t, "held")],
            "originals": sorted({(o["app"], o["id"]) for o in self.ask(t, "originals")}),
        }

    def bytes_of(self, terminal):
        """All bytes of a terminal and all rows of the server: a run that left them alone did nothing."""
        db = sqlite3.connect(f"file:{self.server.data}/cloudbox.db?mode=ro", uri=True)
        try:
            rows = {table: db.execute(f"SELECT * FROM {table}").fetchall()
                    for table, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        finally:
            db.close()
        home = programs.tree(terminal.home)
        home.pop("lock", None)
        return self.files(), {path: content for path, content in home.items() if content}, rows

    def observe(self, t):
        """All that the person at `t` sees, in a form that is the same after the same."""
        seen = {"files": self.files()}
        if (t.home / "box.db").exists() and self.run(t, ["status"])[0] == 0:
            seen[t.name] = self.observe_terminal(t)
            bad = self.ask(t, "verify")["bad"] if seen[t.name]["box"] else []
            if bad:
                raise Lost(f"verify: {bad}")
            if not self.stranger:
                seen["cloud"] = sorted((c["app"], c["id"], c["versions"], c["size"])
                                       for c in self.ask(t, "cloud", "--from", self.a.device))
        seen["items"] = [row[1:] for row in self.items_on_server()]
        seen["accounts"] = self.accounts_on_server()
        damaged = self.server.run("check", "--all")["damaged"]
        if damaged:
            raise Lost(f"check --all: {damaged}")
        return seen


# --- scenarios ---

CARDS = {**people(4), "photo": card("With Photo", uid="photo", tel="+49170", photo=jpeg(5000))}
FILES = {"a.txt": b"hello\n", "large.bin": noise(70_000), "deep/b.bin": noise(300, seed=2)}


def changed(name):
    return CARDS[name].replace(b"END:VCARD", b"NOTE:a change\r\nEND:VCARD")


class Scenario:
    """`prepare` makes the world ready; then `actor` types `words`, with which all is done.  `on` says
    whose program meets the fault: the actor's, or the server's, which is started anew when it ends."""

    on = "terminal"

    def __init__(self, name, actor, words, prepare, done_already=None):
        self.name, self.actor, self.words, self.prepare = name, actor, words, prepare
        self.done_already = done_already  # the code of the error when it is typed once more
        self.env = {}

    def command(self, world):
        return [w.format(**world.words) for w in self.words]


def account(world):
    world.a.init(world.server)
    world.a.contacts(CARDS)
    world.a.documents(FILES)


def chosen(world):
    account(world)
    world.a.run("add", "contacts", "--all")
    world.a.run("add", "documents", "--all")


def saved(world):
    chosen(world)
    world.a.run("backup")
    world.words["from"] = world.a.device


def change(world):
    saved(world)
    programs.put(world.a.phone / "contacts", {"p00001.vcf": changed("p00001")})
    programs.put(world.a.phone / "documents", {"large.bin": noise(80_000, seed=3)})


def ruled(world):
    """One contact and one file that rules are to let in, so that each part of the Box changes once; others
    that they are not to."""
    account(world)
    world.a.run("add", "contacts", "--where", "text=Rule", "--rule", "contacts", "--yes")
    world.a.run("add", "documents", "--where", "type=text/* and size<1k", "--rule", "documents", "--yes")
    world.a.run("backup")
    programs.put(world.a.phone / "contacts", {
        "p00001.vcf": changed("p00001"),
        "p00002.vcf": CARDS["p00002"].replace(b"END:VCARD", b"NOTE:by the rule\r\nEND:VCARD")})
    programs.put(world.a.phone / "documents", {"new.txt": b"new\n", "new.bin": noise(90, seed=4)})


def invited(world):
    """An invitation for b; the account of a is another."""
    world.a.init(world.server)
    world.words["invitation"] = world.server.invite()
    world.stranger = True


def joinable(world):
    saved(world)
    world.words["server"] = world.a.server


def blank(world):
    saved(world)
    world.b.run("join", world.a.server, "--recovery", "--name", "b", env=world.code())
    world.b.contacts({})
    world.b.documents({})


def partly(world):
    """b has some of it, otherwise: fields to add, one to hold, a file of other content."""
    saved(world)
    world.b.run("join", world.a.server, "--recovery", "--name", "b", env=world.code())
    mine = CARDS["p00002"].replace(b"ORG:", b"NOTE:only here\r\nORG:")
    mine = re.sub(rb"EMAIL:.*\r\n", b"BDAY:1980-01-01\r\n", mine)
    world.b.contacts({"p00002": mine, "p00003": CARDS["p00003"]})
    world.b.documents({"a.txt": b"another\n"})


def restored(world):
    partly(world)
    world.b.run("restore", "--from", world.a.device, env=world.code())


INIT = Scenario("init", "b", ["init", "{invitation}", "--name", "b", "--yes"], invited, "exists")
INIT.env = {"CLOUDBOX_PASSPHRASE": programs.PASSPHRASE, "CLOUDBOX_RECOVERY_CODE": None}

SCENARIOS = {s.name: s for s in (
    INIT,
    Scenario("add", "a", ["add", "contacts", "--all", "--no"], account),
    Scenario("add where", "a", ["add", "contacts", "--where", "text=andersen or not name=*0", "--rule", "all",
                                "--yes"], account),
    Scenario("by a rule", "a", ["backup"], ruled),
    Scenario("first backup", "a", ["backup"], chosen),
    Scenario("change", "a", ["backup"], change),
    Scenario("forget", "a", ["forget", "contacts", "uid-1-2"], saved, "not-found"),
    Scenario("join", "b", ["join", "{server}", "--recovery", "--name", "b"], joinable, "exists"),
    Scenario("restore", "b", ["restore", "--from", "{from}"], blank),
    Scenario("merge", "b", ["restore", "--from", "{from}"], partly),
    Scenario("undo", "b", ["undo"], restored, "not-found"),
    Scenario("drill", "a", ["drill"], saved),
    Scenario("locked drill", "a", ["drill", "--locked"], saved),
    Scenario("purge", "b", ["purge", "--older-than", "0s"], restored),
)}


def at_server(scenario):
    """The same story with the fault at the server."""
    other = Scenario(f"server: {scenario.name}", scenario.actor, scenario.words, scenario.prepare,
                     scenario.done_already)
    other.on, other.env = "server", scenario.env
    return other


def ways_of(scenario):
    """A server whose every recv fails leaves the terminal to its time-outs: minutes a point, of
    nothing that the terminal's own `net-ever` does not show."""
    return [w for w in WAYS.values() if scenario.on == "terminal" or w.name != "net-ever"]


SCENARIOS |= {s.name: s for s in [at_server(SCENARIOS[name]) for name in
                                  ("init", "first backup", "change", "forget", "join", "restore", "drill")]}


# --- one point ---

def judge_end(fault, status, out, errors):
    """The end of the program, and what it said."""
    told = f"status {status}, {out.strip()[:600]} {errors.strip()[:600]}"
    if fault.kills:
        if fault.hits() and status != -signal.SIGKILL:
            raise Lost(f"not killed: {told}")
        if fault.hits():
            return
    if status < 0:
        raise Lost(f"ended by signal {-status}: {told}")
    if status not in (0, 1, 3, 5):
        raise Lost(f"an odd end: {told}")
    if programs.SANITIZER.search(errors):
        raise Lost(told)
    if status in (1, 5):
        if not out.strip():
            if "memory" not in errors:
                raise Lost(f"it says nothing: {told}")
            return
        document = json.loads(out)
        if "error" in document:
            if not document["error"]["message"]:
                raise Lost(f"it says nothing: {told}")
            if document["error"]["code"] not in fault.way.codes:
                raise Lost(f"that is not what happened: {told}")


def judge_end_beside(world, status, out, errors):
    """The terminal's end where the server met the fault: that is told as its trouble."""
    told = f"status {status}, {out.strip()[:600]} {errors.strip()[:600]}"
    if status not in (0, 1, 3, 5):
        raise Lost(f"an odd end: {told}")
    if status in (1, 5):
        error = json.loads(out).get("error", {"code": "partial", "message": "its own object"})
        if error["code"] not in ("unreachable", "full", "io", "no-memory", "internal", "refused", "partial"):
            raise Lost(f"that is not what happened: {told}")


def judge_server(world, fault):
    """The server lives, or ended as its fault says, and then said why."""
    end, world.server_end = world.server_end, None
    said = world.server.output()
    if programs.SANITIZER.search(said):
        raise Lost(said[-2000:])
    if end is None:
        return
    if fault.kills and end == -signal.SIGKILL:
        return
    if end != 1 or "fatal: " not in said:
        raise Lost(f"the server ended with {end}: {said[-1000:]}")


def is_temporary(path):
    return re.search(r"(^|/)\.cloudbox-[0-9a-f]{16}~$", path) is not None


def judge_between(world, in_part, before, after):
    """After the fault, before anything is mended: old or new, never half."""
    for name, files in world.files().items():
        old, new = before["files"][name], after["files"][name]
        for path in old:
            if path not in files and path in new:
                raise Lost(f"{name}: {path} is gone")
        for path, content in files.items():
            if content not in (old.get(path), new.get(path)) and not is_temporary(path):
                raise Lost(f"{name}: {path} is neither as before nor as after")
    items = [row[1:] for row in world.items_on_server()]
    if items not in (before["items"], after["items"]) and not (
            in_part and {*items} <= {*before["items"], *after["items"]}):
        raise Lost(f"half a batch on the server: {items}")


def difference(seen, wanted, where=""):
    if isinstance(wanted, dict) and isinstance(seen, dict):
        for key in sorted({*seen, *wanted}, key=str):
            if seen.get(key) != wanted.get(key):
                return difference(seen.get(key), wanted.get(key), f"{where}/{key}")
    return f"{where}: {seen!s:.700} in place of {wanted!s:.700}"


def judge_whole(world, actor, after):
    seen = world.observe(actor)
    if seen != after:
        raise Lost(f"not as without a fault: {difference(seen, after)}")


def judge_rest(world, scenario, status, untouched, before, after):
    actor = getattr(world, scenario.actor)
    judge_between(world, status == 3, before, after)
    if status != 0 and world.bytes_of(actor) == untouched:
        return  # and what comes of that without a fault is known
    if status != 0:
        again, out, errors = world.run(actor, scenario.command(world), scenario.env)
        if again != 0 and not (scenario.done_already and f'"code":"{scenario.done_already}"' in out):
            raise Lost(f"again, without a fault: {again} {out.strip()[:600]} {errors.strip()[:600]}")
    judge_whole(world, actor, after)
    if scenario.actor == "a" and scenario.words[0] == "backup":
        told = world.ask(actor, "backup")
        if told["requests"] != 0:
            raise Lost(f"a further backup makes {told['requests']} requests")


class Bench:
    """One worker: a world made ready for one scenario at a time."""

    def __init__(self, folder):
        self.folder, self.world, self.scenario = folder, None, None
        self.before = self.after = self.untouched = None

    def ready(self, scenario):
        if self.scenario is scenario:
            return
        self.close()
        where = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        self.world = World(where)
        scenario.prepare(self.world)
        self.world.keep()
        actor = getattr(self.world, scenario.actor)
        self.before = self.world.observe(actor)
        self.world.put_back()
        self.untouched = self.world.bytes_of(actor)
        status, out, errors = self.world.run(actor, scenario.command(self.world), scenario.env)
        if status != 0:
            raise Lost(f"{scenario.name}, without a fault: {status} {out}{errors}")
        self.after = self.world.observe(actor)
        self.scenario = scenario

    def attempt(self, scenario, fault):
        """The command with its fault: (its status, output, errors)."""
        world, actor = self.world, getattr(self.world, scenario.actor)
        if scenario.on == "terminal":
            return world.run(actor, scenario.command(world), scenario.env, fault)
        world.start_server(fault)
        try:
            return world.run(actor, scenario.command(world), scenario.env)
        finally:
            world.end_watch()

    def judge(self, scenario, fault, status, out, errors):
        world = self.world
        if scenario.on == "terminal":
            judge_end(fault, status, out, errors)
        else:
            judge_end_beside(world, status, out, errors)
            judge_server(world, fault)
            world.server.kill()
            world.server.start()
        judge_rest(world, scenario, status, self.untouched, self.before, self.after)

    def point(self, scenario, way, n):
        """(was there a fault, how many calls were counted, what was lost or None)"""
        self.ready(scenario)
        world = self.world
        world.put_back()
        fault = Fault(world.folder, way, n, world.live)
        told = ""
        try:
            status, out, errors = self.attempt(scenario, fault)
            told = f"\n    then: status {status} {out.strip()[:300]} {errors.strip()[:300]}"
            self.judge(scenario, fault, status, out, errors)
        except (AssertionError, ValueError, subprocess.TimeoutExpired) as problem:
            return (fault.hits() > 0, fault.calls(),
                    f"{scenario.name}, {way.name} at {n}: {fault.place()}\n    {problem}{told}")
        return fault.hits() > 0, fault.calls(), None

    def close(self):
        if self.world:
            self.world.end_server()
            shutil.rmtree(self.world.folder, ignore_errors=True)
        self.world = self.scenario = None


# --- many points ---

class Sweep:
    def __init__(self, jobs, patience_s=None):
        if not LIBRARY.exists():  # the loader only warns: every point would be met by nothing, and pass
            raise SystemExit(f"{LIBRARY}: not built; ninja -C {programs.BUILD} tests/fault/libfault.so")
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = tempfile.mkdtemp(prefix="cloudbox-faults-", dir=memory)
        self.jobs, self.local, self.benches = jobs, threading.local(), []
        self.until = time.monotonic() + patience_s if patience_s else None
        self.pool = concurrent.futures.ThreadPoolExecutor(jobs)

    def bench(self):
        if not hasattr(self.local, "bench"):
            self.local.bench = Bench(self.folder)
            self.benches.append(self.local.bench)
        return self.local.bench

    def point(self, scenario, way, n):
        if self.until and time.monotonic() > self.until:
            return None
        return self.bench().point(scenario, way, n)

    def run(self, scenario, way, sample=None, chance=random):
        """All points of a scenario and a way, or `sample` of them.
        (points met, points there are, what was lost)"""
        hit, all_calls, lost = self.bench_count(scenario, way)
        if lost:
            return 0, all_calls, [lost]
        points = range(1, all_calls + 1)
        if sample is not None and sample < all_calls:
            points = sorted(chance.sample(points, sample))
        met, problems = 0, []
        for told in self.pool.map(lambda n: self.point(scenario, way, n), points):
            if told is None:
                continue
            met += told[0]
            problems += [told[2]] if told[2] else []
        if sample is None:  # to the run that meets no fault
            n = all_calls
            while True:
                n += 1
                told = self.pool.submit(self.point, scenario, way, n).result()
                if told is None:
                    break
                problems += [told[2]] if told[2] else []
                if not told[0]:
                    break
                met += 1
        return met, all_calls, problems

    def bench_count(self, scenario, way):
        return self.pool.submit(lambda: self.bench().point(scenario, way, 0)).result()

    def close(self):
        self.pool.shutdown()
        for bench in self.benches:
            bench.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--scenario", action="append", choices=SCENARIOS)
    options.add_argument("--way", action="append", choices=WAYS)
    options.add_argument("--sample", type=int, help="so many points of each, chosen by chance")
    options.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    options.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1))
    options.add_argument("--at", type=int, help="only this point")
    chosen_options = options.parse_args()
    print(f"seed {chosen_options.seed}, {chosen_options.jobs} at a time", flush=True)
    chance = random.Random(chosen_options.seed)
    sweep = Sweep(chosen_options.jobs)
    problems, points = [], 0
    try:
        for scenario in map(SCENARIOS.get, chosen_options.scenario or SCENARIOS):
            for way in ways_of(scenario):
                if chosen_options.way and way.name not in chosen_options.way:
                    continue
                start = time.monotonic()
                if chosen_options.at:
                    hit, calls, lost = sweep.bench().point(scenario, way, chosen_options.at)
                    print(hit, calls, lost)
                    continue
                met, calls, lost = sweep.run(scenario, way, chosen_options.sample, chance)
                points += met
                problems += lost
                print(f"{scenario.name:14} {way.name:16} {met:6} of {calls:6} points, "
                      f"{len(lost)} lost, {time.monotonic() - start:6.1f} s", flush=True)
                for one in lost:
                    print(f"  {one}", flush=True)
    finally:
        sweep.close()
    print(f"{points} points, {len(problems)} lost")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
