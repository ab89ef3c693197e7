# SPDX-License-Identifier: Apache-2.0
"""The account as its owner's: deleted after 14 days unless somebody comes, old versions kept for as long
as he says, a hold that is told in words and lifted, a device given up; and every device shows it."""
import pytest

from phone import card, people
from programs import by_name
from test_operator import let_run


@pytest.fixture
def world(make_server, make_terminal):
    """A server of its own, whose clock the story moves; a phone that saved and a tablet beside it."""
    server = make_server()
    phone, tablet = make_terminal("phone"), make_terminal("tablet")
    phone.init(server)
    phone.contacts({"anna": card("Anna", uid="anna", tel="+491")})
    phone.run("add", "contacts", "--all")
    phone.run("backup")
    tablet.join(phone)
    tablet.contacts({"bert": card("Bert", uid="bert", tel="+492")})
    tablet.run("add", "contacts", "--all")
    tablet.run("backup")
    return server, phone, tablet


def change(t, tel):
    name, uid = ("Anna", "anna") if t.name == "phone" else ("Bert", "bert")
    t.contacts({uid: card(name, uid=uid, tel=tel)})
    return t.run("backup")


def pending(t):
    return [p["what"] for p in t.run("status")["pending"]]


def confirm(t):
    return ("--confirm", t.account[:8])


def test_a_deletion_is_shown_on_all_devices_and_called_off_by_any_unlocking(world):
    server, phone, tablet = world
    told = phone.run("account", "delete", *confirm(phone))
    assert [p["what"] for p in told["pending"]] == ["delete"]
    assert pending(phone) == ["delete"]
    [seen] = server.run("accounts")
    assert seen["delete_in_days"] == 14 and seen["state"] == "active" and seen["retention_days"] == 90
    # The tablet hears of it with its next backup, once, and shows it from then on.
    change(tablet, "+493")
    assert "going to be deleted, in 14 days" in tablet.stderr and "account keep" in tablet.stderr
    change(tablet, "+494")
    assert "going to be deleted" not in tablet.stderr
    assert pending(tablet) == ["delete"]
    assert "going to be deleted" in tablet.run("status", json=False) + tablet.stderr
    tablet.run("devices")
    assert "going to be deleted" in tablet.stderr

    assert len(tablet.run("cloud", "--from", phone.device)) == 1  # unlocks
    assert "was to be deleted" in tablet.stderr and "called off" in tablet.stderr
    assert pending(tablet) == []
    let_run(server, 20)
    server.run("tidy")
    phone.run("devices")
    assert pending(phone) == []
    assert change(phone, "+495")["failed"] == []


def test_a_device_that_works_by_itself_tells_it_once(world):
    server, phone, tablet = world
    phone.run("account", "delete", *confirm(phone))
    tablet.run("auto", "all", "--every", "6h")
    tablet.run("run", "--once")
    assert "going to be deleted" in tablet.stderr
    assert pending(tablet) == ["delete"]
    tablet.contacts({"bert": card("Bert", uid="bert", tel="+499")})
    tablet.run("backup")
    assert "going to be deleted" not in tablet.stderr


def test_account_keep_calls_off_by_the_recovery_code_too(world):
    server, phone, tablet = world
    phone.run("account", "delete", *confirm(phone))
    phone.passphrase = None
    told = phone.run("account", "keep", env={"CLOUDBOX_RECOVERY_CODE": phone.recovery_code})
    assert told["changed"] == 1 and told["pending"] == []
    assert "called off" in phone.stderr
    told = phone.run("account", "keep", env={"CLOUDBOX_RECOVERY_CODE": phone.recovery_code})
    assert told["changed"] == 0 and "called off" not in phone.stderr


def test_an_account_is_deleted_only_by_who_types_its_id(world):
    server, phone, tablet = world
    told = phone.error("account", "delete", "--yes", expect=2)
    assert "--confirm" in told["hint"]
    assert phone.error("account", "delete", "--confirm", phone.account[:7])["code"] == "cancelled"
    assert phone.error("account", "delete", "--confirm", "0" * 8)["code"] == "cancelled"
    screen = phone.typed("account", "delete", answers=[(r"first 8 digits", "no")], expect=1)
    assert "nothing was changed" in screen
    assert phone.run("account")["pending"] == []
    screen = phone.typed("account", "delete", answers=[(r"first 8 digits", phone.account[:8].upper())])
    assert "is going to be deleted" in screen
    assert [p["what"] for p in phone.run("account")["pending"]] == ["delete"]
    phone.passphrase = "not the passphrase at all"
    phone.error("account", "delete", *confirm(phone), expect=4)


def test_a_deleted_account_is_gone_after_a_fortnight_and_the_terminals_say_so_and_live_on(world):
    server, phone, tablet = world
    phone.run("account", "delete", *confirm(phone))
    change(tablet, "+493")
    let_run(server, 13)
    server.run("tidy")
    assert server.run("account", phone.account)["delete_in_days"] == 1  # the operator sees it, too
    assert change(phone, "+494")["failed"] == []
    let_run(server, 1)
    server.run("tidy")
    assert server.run("accounts") == []
    for t in (phone, tablet):
        for command in (("backup", "--check"), ("devices",), ("cloud",), ("account",), ("account", "keep")):
            told = t.error(*command)
            assert told["code"] == "revoked" and "the account is deleted" in told["message"], command
            assert "stays" in told["hint"]
        assert len(t.run("box", "contacts")) == 1 and t.run("status")["items"] == 1
        (t.phone / "contacts" / "new.vcf").write_bytes(card("New", uid="new"))
        assert len(t.run("items", "contacts")) == 2
        t.run("add", "contacts", "--all", "--yes")
        t.run("export", "contacts", "--to", t.folder / "all.vcf")
        assert t.error("backup")["code"] == "revoked"


def test_an_account_that_the_operator_removed_is_told_as_that(world):
    server, phone, tablet = world
    server.run("account", phone.account, "--remove")
    told = phone.error("backup", "--check")
    assert told["code"] == "revoked" and "does not know this account" in told["message"]
    assert "operator" in told["hint"]


def test_keeping_more_holds_at_once_and_keeping_less_waits(world):
    server, phone, tablet = world
    assert phone.run("retention")["retention_days"] == 90
    told = phone.run("retention", "365")
    assert told["changed"] == 1 and told["retention_days"] == 365 and told["pending"] == []
    assert phone.run("retention", "365")["changed"] == 0
    phone.error("retention", "29", expect=2)
    phone.error("retention", "soon", expect=2)
    assert phone.error("retention", "40", "--no")["code"] == "cancelled"
    told = phone.run("retention", "40d", "--yes")
    assert told["retention_days"] == 365
    [waits] = told["pending"]
    assert waits["what"] == "keep-less" and waits["days"] == 40
    change(tablet, "+493")
    assert "kept for 40 days in place of 365" in tablet.stderr
    let_run(server, 14)
    server.run("tidy")
    told = tablet.run("retention")
    assert told["retention_days"] == 40 and told["pending"] == []
    # Called off by whoever comes: the log says 30 then, the server 40.
    phone.run("retention", "30", "--yes")
    tablet.run("cloud")
    assert "fewer days" not in tablet.stderr or "called off" in tablet.stderr
    assert tablet.run("retention")["pending"] == []
    let_run(server, 20)
    server.run("tidy")
    assert phone.run("retention")["retention_days"] == 40


@pytest.fixture
def held(make_server, make_terminal):
    """Most of a folder was forgotten long ago; the server holds it."""
    server = make_server()
    t = make_terminal("phone")
    t.init(server)
    t.contacts(people(10))
    t.run("add", "contacts", "--all")
    t.run("backup")
    let_run(server, 31)
    t.run("forget", "contacts", "--all", "--yes")
    t.run("backup", "--check")
    let_run(server, 400)
    assert server.run("tidy")["held"]
    return server, t


def test_a_hold_is_told_in_words_and_lifted_after_a_fortnight(held, make_terminal):
    server, t = held
    told = t.run("account")["held"]
    contacts = {h["app"]: h for h in told}["contacts"]
    assert contacts["name"] == "phone" and (contacts["losing"], contacts["items"]) == (10, 10)
    assert contacts["device"] == t.device
    t.run("devices")
    assert "in contacts of phone: 10 of 10 items" in t.stderr
    assert "retention --lift-hold" in t.stderr and "revoke" in t.stderr
    assert t.run("status")["held"] == told
    other = make_terminal("tablet")
    other.join(t)
    assert {h["name"] for h in other.run("account")["held"]} == {"phone"}

    assert t.error("retention", "--lift-hold", "--no")["code"] == "cancelled"
    told = t.run("retention", "--lift-hold", "--yes")
    assert [p["what"] for p in told["pending"]] == ["lift-hold"] and told["held"]
    other.run("devices")
    assert "is going to be let go" in other.stderr
    let_run(server, 13)
    assert server.run("tidy")["held"]
    let_run(server, 1)
    assert server.run("tidy")["held"] == []
    told = t.run("account")
    assert told["held"] == [] and told["pending"] == []
    assert t.run("retention", "--lift-hold", "--yes")["changed"] == 0
    assert t.run("cloud") == [] and t.run("verify")["bad"] == []


def test_a_lift_that_is_called_off_lets_nothing_go(held):
    server, t = held
    t.run("retention", "--lift-hold", "--yes")
    t.run("cloud")
    assert "was to be let go" in t.stderr and "called off" in t.stderr
    let_run(server, 20)
    assert server.run("tidy")["held"]


def test_a_device_that_is_given_up_saves_nothing_more_and_its_backups_go_in_time(world, make_terminal):
    server, phone, tablet = world
    change(phone, "+495")  # knows of the tablet's newest
    assert phone.error("retire", "tablet", "--no")["code"] == "cancelled"
    assert phone.error("retire", "toaster", "--yes")["code"] == "not-found"
    screen = phone.typed("retire", "tablet", answers=[(r"Give up tablet\?", "y")])
    assert "it can be restored" in screen and "cloudbox revoke" in screen
    states = {d["name"]: d["state"] for d in phone.run("devices")}
    assert states == {"phone": "alive", "tablet": "retired"}
    assert tablet.error("backup", "--check")["code"] == "revoked"
    assert phone.run("retire", "tablet", "--yes") == {"changed": 0}
    assert "Bert" in by_name(phone.run("cloud", "--from", tablet.device))
    blank = make_terminal()
    blank.join(phone)
    blank.run("restore", "contacts", "--from", tablet.device, "--create", blank.phone / "back")

    # When its time is over nothing of it is there, and nobody takes that for a lie.
    let_run(server, 300)
    server.run("tidy")
    assert server.run("tidy")["changed"] == 0
    assert phone.run("cloud", "--from", tablet.device) == []
    assert "older state" not in phone.stderr
    change(phone, "+496")
    assert phone.run("verify", "--data")["bad"] == []
    phone.run("recovery", "new", "--yes")  # checks all heads
    assert make_terminal().join(phone)["account"] == phone.account


def test_a_terminal_gives_itself_up(world):
    server, phone, tablet = world
    assert tablet.run("retire", "tablet", "--yes") == {"changed": 1}
    assert tablet.error("backup", "--check")["code"] == "revoked"
    assert {d["name"]: d["state"] for d in phone.run("devices")} == {"phone": "alive", "tablet": "retired"}
    assert len(tablet.run("box", "contacts")) == 1


def test_a_device_that_was_shut_out_keeps_its_name(world, make_terminal):
    server, phone, tablet = world
    lost = make_terminal("lost")
    lost.join(phone)
    tablet.run("devices")
    phone.run("revoke", "lost", "--yes")
    change(tablet, "+493")  # takes the new keys
    for t in (phone, tablet):
        assert {d["id"]: d["name"] for d in t.run("devices")}[lost.device] == "lost"
    phone.run("revoke", "tablet", "--yes")
    blank = make_terminal("blank")
    blank.join(phone)
    for t in (phone, blank):
        names = {d["id"]: d["name"] for d in t.run("devices")}
        assert names[lost.device] == "lost" and names[tablet.device] == "tablet"


def test_a_recovery_code_that_another_device_replaced_is_no_longer_confirmed(world):
    server, phone, tablet = world
    for t in (phone, tablet):
        t.run("recovery", "confirm", env={"CLOUDBOX_RECOVERY_CODE": phone.recovery_code})
        assert t.run("status")["recovery"] == "confirmed"
    code = tablet.run("recovery", "new", "--yes")["recovery_code"]
    tablet.run("passphrase", env={"CLOUDBOX_NEW_PASSPHRASE": tablet.passphrase + " again"})
    assert phone.run("status")["recovery"] == "confirmed"  # it has not heard of it
    change(phone, "+493")
    assert phone.run("status")["recovery"] == "unconfirmed"
    phone.run("recovery", "confirm", env={"CLOUDBOX_RECOVERY_CODE": code})
    assert phone.run("status")["recovery"] == "confirmed"
    # Another passphrase leaves the code as it is.
    tablet.passphrase += " again"
    tablet.run("passphrase", env={"CLOUDBOX_NEW_PASSPHRASE": "seven purple otters at night"})
    change(phone, "+494")
    assert phone.run("status")["recovery"] == "confirmed"
