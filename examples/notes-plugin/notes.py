#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cloudbox's plug-in for Notes, a made-up app that keeps its notes in one file:

    [{"id": "a1", "title": "Shopping", "text": "milk", "tags": ["home"], "changed": 1732500000}, …]

    cloudbox apps add notes --adapter plugin --path /…/notes.py --set file=/…/notes.json
"""
import copy
import json
import os
import sys
import time
import uuid


class Problem(Exception):
    """Something that Cloudbox is to tell people: words, a code, what to do."""

    def __init__(self, words, code="failed", hint=""):
        super().__init__(words)
        self.answer = {"error": words, "code": code, "hint": hint}


class Notes:
    loaded = None

    def hello(self, asked):
        self.file = asked["set"].get("file", os.path.expanduser("~/.local/share/notes/notes.json"))
        yield {"cloudbox": 1, "name": "Notes", "type": "text/x-cloudbox-record",
               "single": ["TITLE", "TEXT"], "writes": True, "matches": True}

    # ---- reading ----

    def state(self):
        """What moves with every change."""
        try:
            found = os.stat(self.file)
        except FileNotFoundError:
            raise Problem(f"there is no {self.file}", "not-found", "--set file=PATH says where the notes are")
        return f"{found.st_ino} {found.st_size} {found.st_mtime_ns}"

    def load(self):
        if self.state() != self.loaded:
            self.loaded = self.state()
            with open(self.file, encoding="utf-8") as file:
                self.notes = {note["id"]: note for note in json.load(file)}
        return self.notes

    def item(self, note):
        return {"id": note["id"], "modified_ms": note["changed"] * 1000,
                "fields": {"TITLE": note["title"], "TEXT": note["text"], "TAG": note["tags"]}}

    def revision(self, asked):
        yield {"revision": self.state()}

    def list(self, asked):
        notes = self.load()
        for id in notes:
            yield {"id": id}
        yield {"end": len(notes)}

    def read(self, asked):
        notes = self.load()
        for id in asked["ids"]:
            yield {"item": self.item(notes[id])} if id in notes else {"gone": True}

    # ---- writing: all of it, or nothing ----

    def begin(self, asked):
        if os.path.exists(self.file + ".lock"):
            raise Problem("Notes is open", "busy", "close it and try again")
        self.began, self.new = self.state(), copy.deepcopy(self.load())
        yield {"ok": True}

    def note(self, item):
        """What of a note an item can say."""
        fields = item["fields"]
        return {"title": fields.get("TITLE", ""), "text": fields.get("TEXT", ""), "tags": fields.get("TAG", [])}

    def match(self, asked):
        """What `read` will give of an item, once it is added."""
        item = asked["item"]
        yield {"item": self.item({"id": item.get("uid", "new"), **self.note(item), "changed": 0})}

    def as_it_was(self, asked):
        note = self.new.get(asked["id"])
        return note and self.note(asked["was"]) == {key: note[key] for key in ("title", "text", "tags")}

    def add(self, asked):
        id = asked["item"].get("uid", str(uuid.uuid4()))
        if id in self.new:
            yield {"refused": "there is a note of that id"}
        else:
            self.new[id] = {"id": id, **self.note(asked["item"]), "changed": int(time.time())}
            yield {"id": id}

    def replace(self, asked):
        if self.as_it_was(asked):
            self.new[asked["id"]].update(self.note(asked["item"]), changed=int(time.time()))
            yield {"ok": True}
        else:
            yield {"gone": True}

    def remove(self, asked):
        if self.as_it_was(asked):
            del self.new[asked["id"]]
            yield {"ok": True}
        else:
            yield {"gone": True}

    def commit(self, asked):
        if self.state() != self.began:
            raise Problem("the notes changed in the meantime", "busy", "try again")
        with open(self.file + ".new", "w", encoding="utf-8") as file:
            json.dump(list(self.new.values()), file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.file + ".new", self.file)
        yield {"ok": True}

    def rollback(self, asked):
        self.new = None
        yield {"ok": True}


def main():
    notes = Notes()
    for line in sys.stdin.buffer:  # its end is ours
        asked = json.loads(line)
        try:
            answers = list(getattr(notes, asked["do"])(asked))
        except Problem as problem:
            answers = [problem.answer]
        for answer in answers:
            print(json.dumps(answer))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
