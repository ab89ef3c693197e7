#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A plug-in that does wrong what `--set do=WHAT` names, at the request `--set at=REQUEST`; else it has one note."""
import json
import os
import signal
import sys
import time

ITEM = {"id": "one", "fields": {"TITLE": "One", "TEXT": "text"}}
RIGHT = {
    "hello": [{"cloudbox": 1, "name": "Bad notes", "type": "text/x-cloudbox-record", "single": ["TITLE"], "writes": True}],
    "revision": [{"revision": "1"}],
    "list": [{"id": "one"}, {"end": 1}],
    "read": [{"item": ITEM}],
    "begin": [{"ok": True}], "rollback": [{"ok": True}], "commit": [{"ok": True}],
    "replace": [{"ok": True}], "remove": [{"ok": True}], "add": [{"id": "two"}],
}


def raw(line):
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def wrong(what):
    if what == "flood":
        while True:
            raw(b"x" * 65536)
    elif what == "lines":
        while True:
            raw(b'{"id": "one"}\n' * 1000)
    elif what == "log":
        while True:
            os.write(2, b"x" * 65536)
    elif what == "hang":
        signal.pause()
    elif what == "drip":
        while True:
            raw(b" ")
            time.sleep(0.1)
    elif what == "die":
        sys.stderr.write("I had enough\n")
        sys.exit(7)
    elif what == "killed":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "close":
        os.close(1), os.close(0)
        signal.pause()
    elif what == "error":
        raw(b'{"error": "no room\\u0007 here", "code": "busy", "hint": "make some"}\n')
    else:
        raw(what.encode() + b"\n")


settings = {}
for line in sys.stdin.buffer:
    asked = json.loads(line)
    settings = asked.get("set", settings)
    if settings.get("at") == asked["do"]:
        wrong(settings["do"])
        continue
    for answer in RIGHT[asked["do"]]:
        raw(json.dumps(answer).encode() + b"\n")
