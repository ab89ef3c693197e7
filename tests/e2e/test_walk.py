# SPDX-License-Identifier: Apache-2.0
"""A random walk of two terminals: edits, backups and restores in any order.  After every restore all
that was here is here, all that was saved is here, and the same restore again writes nothing."""
import os
import random

import pytest

from phone import card
from programs import tree

STEPS = 24


class Walker:
    """A terminal, the contacts on it, and what of them was saved last."""

    def __init__(self, terminal, r):
        self.t, self.r, self.n = terminal, r, 0
        self.folder = terminal.contacts({})
        self.saved = {}  # the item's UID -> lines, at the last backup

    def cards(self):
        """UID -> (path, lines) of what is here; a card that a restore gave another UID keeps its own."""
        found = {}
        for path, raw in tree(self.folder).items():
            lines = raw.decode().split("\r\n")
            found[next(line for line in lines if line.startswith("UID:"))] = (path, lines)
        return found

    def write(self, path, lines):
        (self.folder / path).write_text("\r\n".join(lines), newline="")

    def new(self):
        self.n += 1
        uid = f"{self.t.name}-{self.n}"
        (self.folder / f"{uid}.vcf").write_bytes(card(f"Person {uid}", uid=uid, tel=f"+49{self.r.randrange(10**9):09}"))

    def edit(self):
        here = self.cards()
        if not here:
            return self.new()
        path, lines = self.r.choice(sorted(here.values()))
        fields = [i for i, line in enumerate(lines) if line.startswith(("TEL", "EMAIL", "X-", "NOTE"))]
        kind = self.r.choice(("add", "add", "remove", "delete", "rename"))
        if kind == "add":
            line = self.r.choice((f"TEL:+1{self.r.randrange(10**9):09}", f"EMAIL:m{self.r.randrange(999)}@x.org",
                                  f"NOTE:n{self.r.randrange(99)}", f"X-A:{self.r.randrange(99)}"))
            lines.insert(len(lines) - 2, line)
            self.write(path, lines)
        elif kind == "remove" and len(fields) > 1:
            del lines[self.r.choice(fields)]
            self.write(path, lines)
        elif kind == "delete":
            (self.folder / path).unlink()
        elif kind == "rename":
            (self.folder / path).rename(self.folder / f"moved {self.r.randrange(10**6)}.vcf")

    def backup(self):
        here = self.cards()
        if here:
            self.t.run("add", "contacts", "--all", "--no")
            self.t.run("backup")
            self.saved.update({uid: lines for uid, (_, lines) in here.items()})

    def restore(self, other):
        before = self.cards()
        if not other.saved:
            return
        told = self.t.run("restore", "contacts", "--from", other.t.device)
        assert {i["result"] for i in told["items"]} <= {"identical", "merged", "added"}
        after = self.cards()
        for uid, (path, lines) in before.items():  # nothing here is replaced
            assert after[uid][0] == path
            left = list(after[uid][1])
            for line in lines:
                left.remove(line)
        for uid, lines in other.saved.items():  # and all that was saved has come
            assert set(lines) <= set(after[uid][1]), (uid, lines, after[uid])
        again = self.t.run("restore", "contacts", "--from", other.t.device)
        assert again["written"] == 0 and self.cards() == after


@pytest.mark.parametrize("seed", [1, 2, int.from_bytes(os.urandom(4), "big")], ids=["one", "two", "random"])
def test_nothing_is_lost_and_nothing_is_doubled(server, make_terminal, seed):
    print(f"seed {seed}")  # shown if it fails
    r = random.Random(seed)
    a, b = make_terminal("a"), make_terminal("b")
    a.init(server)
    b.join(a)
    walkers = [Walker(a, r), Walker(b, r)]
    for w in walkers:
        for _ in range(5):
            w.new()
    for _ in range(STEPS):
        w = r.choice(walkers)
        other = walkers[walkers.index(w) - 1]
        step = r.choice((w.edit, w.edit, w.edit, w.new, w.backup, w.backup, lambda: w.restore(other),
                         lambda: w.restore(w)))
        step()
    for w in walkers:
        w.backup()
    for w in walkers:
        w.restore(walkers[walkers.index(w) - 1])
        w.restore(w)
