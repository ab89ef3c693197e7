# SPDX-License-Identifier: Apache-2.0
"""What a person sees: progress while it lasts, colours on a terminal only, tables that can be piped."""
import re
import time

from phone import card, noise
from programs import wait_until


def test_a_long_backup_tells_items_bytes_rate_and_time_left(relayed, make_terminal):
    server, relay = relayed
    t = make_terminal()
    t.init(server)
    t.documents({"film": noise(16 << 20), "note": b"note"})
    t.run("add", "documents", "--all")
    relay.hold("up", 6 << 20)

    def go_on(found, text):
        """Held until a rate means something, which is a second."""
        since = time.monotonic()
        wait_until(lambda: relay.reached and time.monotonic() - since > 1.1, "the upload is under way")
        relay.let_go()
        return ""

    screen = t.typed("backup", answers=[(r"of 2 items", go_on)])
    lines = re.split(r"[\r\n]+", screen)
    assert any(re.search(r"\d+ of 2 items +\S+ \S+ of \S+ \S+ .*/s .* left", line) for line in lines), lines
    assert "2 items saved" in screen
    assert lines[-2].endswith(".") and "full backup" in screen  # the bar is gone, the receipt stays


def test_colours_are_for_terminals_only_and_no_color_is_obeyed(relayed, make_terminal):
    server, relay = relayed
    relay.let_go()
    t = make_terminal()
    t.init(server)
    t.contacts({"a": card("Anna", uid="a"), "b": card("Ben", uid="b")})
    t.run("add", "contacts", "--all")
    colour = re.compile(r"\x1b\[[\d;]*m")
    for command in (("box", "contacts"), ("items", "contacts"), ("backup",)):
        assert not colour.search(t.run(*command, json=False) + t.stderr)
        assert not colour.search(t.typed(*command, env={"NO_COLOR": "1"}))
    assert colour.search(t.typed("box", "contacts"))


def test_json_is_one_document_and_nothing_else_on_a_terminal_too(relayed, make_terminal):
    server, _ = relayed
    t = make_terminal()
    t.init(server)
    t.contacts({"a": card("Anna", uid="a")})
    assert re.fullmatch(r"\[\{.*\}\]\s*", t.typed("--json", "items", "contacts"))
