# SPDX-License-Identifier: Apache-2.0
"""Real files that other people made, found by $CLOUDBOX_CORPUS; never part of these sources."""
import os
import pathlib

import pytest


def folder(*names):
    """The corpus, or these folders of it; a story without it is skipped, and says so."""
    named = os.environ.get("CLOUDBOX_CORPUS")
    if not named:
        pytest.skip("CLOUDBOX_CORPUS names no folder of real files")
    root = pathlib.Path(named)
    if not root.is_dir():
        pytest.skip(f"no corpus in {root}: CLOUDBOX_CORPUS names it")
    return [root / name for name in names] if names else root


def files(*names):
    """Relative path -> bytes of every file below these folders."""
    found = {}
    for top in folder(*names):
        for path in sorted(top.rglob("*")):
            if path.is_file():
                found[str(path.relative_to(top.parent))] = path.read_bytes()
    assert found
    return found


def text(raw):
    """What a reader makes of a file's bytes: UTF-16 becomes UTF-8, everything else stays."""
    for mark, coding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if raw.startswith(mark):
            return raw.decode(coding, "replace").encode()
    return raw.removeprefix(b"\xef\xbb\xbf")


def cards(raw):
    """The whole cards of a file as lists of unfolded lines; nested ones are part of theirs."""
    lines = []
    for line in text(raw).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if line[:1] in (b" ", b"\t") and lines:
            lines[-1] += line[1:]
        else:
            lines.append(line)
    found, card, depth = [], [], 0
    for line in lines:
        bare = line.strip().upper()
        if bare in (b"BEGIN:VCARD", b"AGENT:BEGIN:VCARD"):
            depth += 1
        if depth:
            card.append(line)
        if bare == b"END:VCARD" and depth:
            depth -= 1
            if depth == 0:
                found.append(card)
                card = []
    return found
