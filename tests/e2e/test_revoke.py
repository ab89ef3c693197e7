# SPDX-License-Identifier: Apache-2.0
"""A lost device is shut out from another terminal: nothing it saves counts any more, the account's
keys change, and everybody else goes on (TRUST: revoke comes with rotate)."""
import os
import signal

import pytest

from phone import card, noise
from programs import by_name, tree, wait_until

PHOTO = noise(200_000)  # a chunk, sealed in the first epoch


def saved(t, number, name="Anna"):
    """One contact and one large file, backed up."""
    t.contacts({"anna": card(name, uid=f"anna-{t.name}", tel=number)})
    t.documents({"photo.bin": PHOTO + t.name.encode()})
    t.run("add", "contacts", "--all", "--yes")
    t.run("add", "documents", "--all", "--yes")
    assert t.run("backup")["failed"] == []


def change(t, number, name="Anna"):
    t.contacts({"anna": card(name, uid=f"anna-{t.name}", tel=number)})
    told = t.run("backup")
    assert "contacts" in [i["app"] for i in told["uploaded"]] and told["failed"] == []
    return told


def state(t, device):
    return {d["id"]: d["state"] for d in t.run("devices")}[device]


@pytest.fixture
def three(make_terminal, server):
    """A phone at hand, a tablet, and a phone that is about to be lost; all of them saved."""
    at_hand, tablet, lost = (make_terminal(name) for name in ("at hand", "tablet", "lost"))
    at_hand.init(server)
    tablet.join(at_hand)
    lost.join(at_hand)
    for n, t in enumerate((at_hand, tablet, lost)):
        saved(t, f"+49700{n}")
    return at_hand, tablet, lost


def test_a_lost_device_is_shut_out_and_the_others_go_on(three, make_terminal):
    at_hand, tablet, lost = three
    told = at_hand.run("revoke", "lost", "--yes")
    assert told["changed"] == 1 and told["recovery_code"] != at_hand.recovery_code
    assert state(at_hand, lost.device) == state(tablet, lost.device) == "revoked"
    assert state(at_hand, tablet.device) == "alive"
    assert {d["id"]: d["name"] for d in tablet.run("devices")}[at_hand.device] == "at hand"

    # The lost one can save nothing more.
    lost.contacts({"anna": card("Forged", uid="anna-lost", tel="+49666")})
    assert lost.error("backup")["code"] == "revoked"

    # The tablet heard nothing of it: its next backup takes the new keys by itself, and sends no photo.
    assert change(tablet, "+497009")["bytes_sent"] < 20_000
    assert change(at_hand, "+497008")["bytes_sent"] < 20_000
    for t in (at_hand, tablet):
        assert t.run("verify", "--data")["bad"] == []  # of both epochs
        assert t.run("verify")["bad"] == []

    # All that was saved, before and after, by all three, comes back on a blank terminal.
    blank = make_terminal("blank")
    blank.join(at_hand)
    for name in ("contacts", "documents"):
        (blank.phone / name).mkdir()
        blank.run("apps", "add", name, "--adapter", "vcard" if name == "contacts" else "files",
                  "--path", blank.phone / name)
    for t in (at_hand, tablet, lost):
        assert blank.run("restore", "contacts", "--from", t.device)["written"] == 1
    texts = b"".join(tree(blank.phone / "contacts").values())
    assert b"+497008" in texts and b"+497009" in texts and b"+497002" in texts and b"Forged" not in texts
    blank.run("restore", "documents", "--from", lost.device)
    assert tree(blank.phone / "documents") == {"photo.bin": PHOTO + b"lost"}


def test_only_the_new_recovery_code_opens_the_account(three, make_terminal):
    at_hand, tablet, _ = three
    at_hand.run("recovery", "confirm", env={"CLOUDBOX_RECOVERY_CODE": at_hand.recovery_code})
    new = at_hand.run("revoke", "lost", "--yes")["recovery_code"]
    assert at_hand.run("status")["recovery"] == "unconfirmed"
    at_hand.error("recovery", "confirm", expect=4,
                  env={"CLOUDBOX_RECOVERY_CODE": at_hand.recovery_code})
    t = make_terminal()
    t.passphrase = None
    t.error("join", at_hand.server, "--recovery", expect=4,
            env={"CLOUDBOX_RECOVERY_CODE": at_hand.recovery_code})
    told = t.run("join", at_hand.server, "--recovery", "--name", "by code",
                 env={"CLOUDBOX_RECOVERY_CODE": new})
    assert told["account"] == at_hand.account
    # The passphrase stays, and can be changed in the new epoch.
    tablet.run("passphrase", env={"CLOUDBOX_NEW_PASSPHRASE": "five yellow boats on lakes"})
    tablet.error("cloud", expect=4)
    tablet.passphrase = "five yellow boats on lakes"
    assert len(tablet.run("cloud")) == 2


def test_what_a_thief_saved_after_the_chosen_backup_is_void(three):
    at_hand, tablet, lost = three
    change(lost, "+49666", name="Forged")
    lost.run("forget", "documents", "--all", "--yes")
    lost.run("backup", "--check")
    change(at_hand, "+497007")  # it learns of the thief's newest backup
    assert "Forged" in by_name(at_hand.run("cloud", "--from", lost.device))

    at_hand.run("revoke", lost.device[:8], "--trust", "1", "--yes")
    there = by_name(at_hand.run("cloud", "--from", lost.device))
    assert "Forged" not in there and {"Anna", "photo.bin"} <= set(there)
    [only] = at_hand.run("history", "contacts", there["Anna"]["id"], "--from", lost.device)
    assert only["version"] == 1 == there["Anna"]["versions"]
    [shown] = [d for d in at_hand.run("devices") if d["id"] == lost.device]
    assert shown["newest"] == only["saved_at"]
    preview = at_hand.run("restore", "--from", lost.device, "--preview")
    assert "older state" not in at_hand.stderr
    assert {i["name"] for i in preview["items"]} == {"Anna", "photo.bin"}
    for t in (at_hand, tablet):  # neither takes the cut for a server that was set back
        change(t, "+497005")
        assert t.run("verify", "--data")["bad"] == []


def test_a_device_that_was_found_again_still_reads_what_counts_of_its_own(three):
    """It knows of later backups than the server shows: that is the cut, not an older state."""
    at_hand, _, lost = three
    change(lost, "+49666", name="Forged")
    at_hand.run("revoke", "lost", "--trust", "1", "--yes")
    assert lost.error("backup", "--check")["code"] == "revoked"
    (lost.phone / "contacts" / "anna.vcf").unlink()
    told = lost.run("restore", "contacts")
    assert told["written"] == 1 and "older state" not in lost.stderr
    [text] = tree(lost.phone / "contacts").values()
    assert b"+497002" in text and b"Forged" not in text


def test_none_of_its_backups_need_be_trusted(three):
    at_hand, _, lost = three
    at_hand.run("revoke", "lost", "--trust", "0", "--yes")
    assert at_hand.run("cloud", "--from", lost.device) == []
    change(at_hand, "+497004")


def test_what_was_sealed_before_and_not_sent_is_sealed_anew_with_the_new_keys(make_terminal, make_relayed):
    server, relay = make_relayed()
    at_hand, tablet, lost = (make_terminal(name) for name in ("at hand", "tablet", "lost"))
    at_hand.init(server)
    tablet.join(at_hand)
    lost.join(at_hand)
    saved(tablet, "+497001")
    tablet.contacts({"anna": card("Anna", uid="anna-tablet", tel="+497009")})
    relay.hold("up", 100)
    running = tablet.start("backup")
    relay.wait_reached(running)
    running.kill()  # sealed with the old keys; the server has not seen it
    relay.let_go(break_off=True)
    at_hand.run("revoke", "lost", "--yes")
    assert tablet.run("backup")["failed"] == []
    assert tablet.run("verify", "--data")["bad"] == []
    assert by_name(at_hand.run("cloud", "--from", tablet.device))["Anna"]["versions"] == 2


def test_it_is_asked_before_anything_happens(three):
    at_hand, _, lost = three
    screen = at_hand.typed("revoke", "lost", answers=[(r"Shut out lost\?", "n")], expect=1)
    assert "nothing was changed" in screen and state(at_hand, lost.device) == "alive"
    assert at_hand.error("revoke", "lost", "--no")["code"] == "cancelled"
    assert "--yes" in at_hand.error("revoke", "lost", expect=2)["hint"]
    assert state(at_hand, lost.device) == "alive"


def test_who_and_how_far_must_make_sense(three):
    at_hand, tablet, lost = three
    assert at_hand.error("revoke", "toaster", "--yes")["code"] == "not-found"
    at_hand.error("revoke", "at hand", "--yes", expect=2)  # itself
    at_hand.error("revoke", "lost", "--trust", "9", "--yes", expect=2)
    at_hand.error("revoke", "lost", "--trust", "x", "--yes", expect=2)
    assert state(at_hand, lost.device) == "alive"
    at_hand.run("revoke", "lost", "--yes")
    assert tablet.run("revoke", "lost", "--yes") == {"changed": 0}
    told = lost.error("revoke", "tablet", "--yes")  # whoever is shut out shuts nobody out by its keys
    assert told["code"] in ("revoked", "alarm")


def test_with_the_recovery_code_a_new_passphrase_comes_first(three):
    at_hand, _, lost = three
    at_hand.passphrase = None
    told = at_hand.error("revoke", "lost", "--yes", expect=4,
                         env={"CLOUDBOX_RECOVERY_CODE": at_hand.recovery_code})
    assert "cloudbox passphrase" in told["hint"] and state(at_hand, lost.device) == "alive"


@pytest.mark.parametrize("arrives", [True, False])
def test_killed_in_the_middle_all_of_it_happened_or_nothing(make_relayed, make_terminal, arrives):
    """The server takes the revocation and the new keys together, or neither."""
    server, relay = make_relayed()

    def two():
        at_hand, lost = make_terminal("at hand"), make_terminal("lost")
        at_hand.init(server)
        lost.join(at_hand)
        saved(lost, "+497002")
        saved(at_hand, "+497000")
        relay.forget()
        return at_hand, lost

    twin, _ = two()  # of another account: the same bytes travel, but for what they say
    twin.run("revoke", "lost", "--yes")
    assert relay.requests[-1] == "/v1/log"
    up = len(relay.up)
    at_hand, lost = two()
    relay.hold("up", up - 300)  # within the entries
    running = at_hand.start("revoke", "lost", "--yes")
    relay.wait_reached(running)
    if arrives:  # and the terminal never reads the answer
        os.kill(running.pid, signal.SIGSTOP)
        relay.let_go()
        wait_until(lambda: "revoked" in [d["state"] for d in server.run("devices", at_hand.account)],
                   "the server has the entries")
    running.kill()
    relay.let_go(break_off=not arrives)

    assert state(at_hand, lost.device) == ("revoked" if arrives else "alive")
    assert at_hand.run("status")["recovery"] == "unconfirmed"
    change(at_hand, "+497008")
    assert at_hand.run("verify", "--data")["bad"] == []
    told = at_hand.run("revoke", "lost", "--yes")
    assert told["changed"] == (0 if arrives else 1)
    code = at_hand.run("recovery", "new", "--yes")["recovery_code"] if arrives else told["recovery_code"]
    t = make_terminal()
    t.passphrase = None
    assert t.run("join", at_hand.server, "--recovery",
                 env={"CLOUDBOX_RECOVERY_CODE": code})["account"] == at_hand.account
    assert lost.error("backup", "--check")["code"] == "revoked"


def test_two_that_shut_out_at_once_both_succeed_or_say_so(three, make_terminal):
    """Each by keys of its own: whoever comes second begins anew, or says that it has to be typed again."""
    at_hand, tablet, lost = three
    other = make_terminal("other")
    other.join(at_hand)
    running = [at_hand.start("revoke", "lost", "--yes"), tablet.start("revoke", "other", "--yes")]
    told = [r.finish(expect=(0, 1)) for r in running]
    for t, name, one in ((at_hand, "lost", told[0]), (tablet, "other", told[1])):
        if "error" in one:
            assert one["error"]["code"] == "busy", one
            assert t.run("revoke", name, "--yes")["changed"] == 1
    for t in (at_hand, tablet):
        assert state(t, lost.device) == state(t, other.device) == "revoked"
        change(t, "+497003")
        assert t.run("verify", "--data")["bad"] == []
