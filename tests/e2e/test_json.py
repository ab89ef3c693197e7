# SPDX-License-Identifier: Apache-2.0
"""Every command's JSON has the shape that docs/man and other people's scripts rely on."""
import subprocess

import pytest

import programs
from phone import card, noise
from shapes import (app_name, count, fits, flag, id32, item_id, listing, mime, one_of, or_null,
                    record, recovery_code, server_url, text, time, words)

ERROR = record(error=record(code=words, message=words, hint=text))
CHANGED = record(changed=count)
NEWEST = listing(record(device=id32, date=or_null(time), items=count, head_words=text))
REASONED = record(app=app_name, id=item_id, name=words, reason=text)
FIELD = record(field=words, value=text)
RESTORE = record(
    restore=or_null(id32), written=count, bytes_received=count, requests=count,
    items=listing(record(app=app_name, id=item_id, name=words, fields_added=listing(FIELD),
                         fields_held=listing(FIELD), reason=words,
                         result=one_of("identical", "merged", "added", "skipped", "failed"))))
BACKUP = record(
    uploaded=listing(record(app=app_name, id=item_id, name=words, bytes=count, reason=text)),
    failed=listing(record(app=app_name, id=item_id, name=words, bytes=count, reason=words)),
    unchanged=count, bytes_sent=count, bytes_received=count, requests=count,
    full_backup_bytes=count, duration_ms=count)
DRILLED = record(kind=one_of("full", "locked"), at=time, items=count, failed=count)
BAD = listing(record(app=text, id=text, name=text, reason=words))
JOIN = record(account=id32, device=id32, server=server_url, newest=NEWEST)


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    """A phone to which everything happened once."""
    t = make_terminal("of many shapes")
    t.told = {"init": t.init(server)}
    t.contacts({"a": card("Anna", uid="anna", tel="+491", lines=["BDAY:19800101"]),
                "b": card("Ben", uid="ben", tel="+492")})
    t.documents({"f": b"file", "big": noise(50_000), "gone": b"gone"})
    t.told["add"] = t.run("add", "contacts", "--all")
    t.run("add", "documents", "--all")
    t.told["backup"] = t.run("backup")
    (t.phone / "documents" / "gone").unlink()
    path = t.phone / "contacts" / "a.vcf"
    path.write_bytes(card("Anna", uid="anna", tel="+499", lines=["BDAY:19800202"]))
    t.told["restore"] = t.run("restore", "contacts")
    return t


def test_an_error_has_code_message_and_hint(phone, make_terminal):
    fits(phone.run("items", "nothing", expect=1), ERROR)
    fits(phone.run("nothing", expect=2), ERROR)
    fits(make_terminal().run("status", expect=1), ERROR)
    fits(phone.run("cloud", expect=4, env={"CLOUDBOX_PASSPHRASE": None}), ERROR)


def test_init(phone):
    fits(phone.told["init"], record(account=id32, device=id32, server=server_url, newest=NEWEST,
                                    recovery_code=recovery_code))


def test_join(phone, make_terminal):
    told = fits(make_terminal().join(phone), JOIN)
    assert [d for d in told["newest"] if d["device"] == phone.device and d["date"] and d["head_words"]]
    assert "recovery_code" not in told


def test_apps(phone):
    shape = record(name=app_name, adapter=one_of("vcard", "files"), path=words, items=count, in_box=count)
    assert len(fits(phone.run("apps"), listing(shape))) >= 2


def test_commands_without_a_shape_of_their_own_say_how_much_changed(phone):
    for command in (("apps", "add", "notes", "--adapter", "files", "--path", phone.phone),
                    ("apps", "remove", "notes"), ("select", "contacts", "anna"),
                    ("unselect", "contacts", "anna"), ("lock",), ("purge", "--older-than", "10d")):
        assert set(fits(phone.run(*command), CHANGED)) == {"changed"}


def test_items(phone):
    shape = record(app=app_name, id=item_id, name=words, type=mime, size=count, in_box=flag)
    assert len(fits(phone.run("items", "contacts"), listing(shape))) == 2
    assert len(fits(phone.run("items", "documents"), listing(shape))) == 2


def test_add(phone):
    shape = record(added=listing(REASONED), updated=listing(REASONED), kept=listing(REASONED),
                   failed=listing(REASONED), expected_bytes=count)
    fits(phone.told["add"], shape)
    assert fits(phone.run("add", "contacts", "anna", "--no"), shape)["kept"]
    assert fits(phone.run("add", "contacts", "anna", "--yes"), shape)["updated"]


def test_box(phone):
    fits(phone.run("box"), listing(record(app=app_name, shortcuts=count, bytes=count, saved=count)))
    shape = record(app=app_name, id=item_id, path=words, name=words, type=mime, size=count,
                   selected=flag, state=one_of("new", "saved", "changed", "missing"),
                   saved_at=or_null(time), versions=count, proven_at=or_null(time))
    shortcuts = [*fits(phone.run("box", "contacts"), listing(shape)),
                 *fits(phone.run("box", "documents"), listing(shape))]
    assert {s["state"] for s in shortcuts} >= {"saved", "missing"}


def test_backup(phone):
    fits(phone.told["backup"], BACKUP)
    fits(phone.run("backup"), BACKUP)


def test_cloud(phone):
    told = fits(phone.run("cloud"), listing(record(
        app=app_name, id=item_id, name=words, type=mime, size=count, versions=count, saved_at=time,
        device=id32)))
    assert len(told) == 5


def test_history(phone):
    told = fits(phone.run("history", "contacts", "anna"), listing(record(
        version=count, saved_at=time, size=count, device=id32, fields_changed=listing(FIELD))))
    assert told


def test_restore(phone):
    told = fits(phone.told["restore"], RESTORE)
    assert told["restore"] and {i["result"] for i in told["items"]} >= {"merged", "identical"}
    assert fits(phone.run("restore", "--preview"), RESTORE)["restore"] is None


def test_held(phone):
    told = fits(phone.run("held"), listing(record(app=app_name, id=item_id, name=words, field=words,
                                                  here=text, backup=text)))
    assert [h["field"] for h in told] == ["BDAY"]


def test_originals(phone):
    told = fits(phone.run("originals"), listing(record(app=app_name, id=item_id, name=words,
                                                       kept_at=time, restore=id32)))
    assert [o["restore"] for o in told if o["id"] == "anna"] == [phone.told["restore"]["restore"]]


def test_receipts(phone):
    told = fits(phone.run("receipts"), listing(record(
        kind=one_of("backup", "restore", "undo", "take", "drill"), at=time, items=count,
        bytes_sent=count, bytes_received=count, full_backup_bytes=count)))
    assert {r["kind"] for r in told} >= {"backup", "restore"}


def test_drill(phone):
    shape = record(kind=one_of("full", "locked"), items=count, proven=count, records=count, chunks=count,
                   again=count, bad=BAD, bytes_received=count, requests=count)
    assert fits(phone.run("drill"), shape)["proven"]
    assert fits(phone.run("drill", "--locked"), shape)["records"]


def test_devices(phone):
    told = fits(phone.run("devices"), listing(record(
        id=id32, name=words, added_at=time, last_seen=or_null(time), newest=or_null(time), state=words)))
    assert phone.device in [d["id"] for d in told] and "of many shapes" in [d["name"] for d in told]


def test_status(phone):
    fits(phone.run("status"), record(
        account=id32, device=id32, server=server_url, recovery=one_of("confirmed", "unconfirmed"),
        last_backup=or_null(time), items=count, head_words=text, unsaved_items=count,
        waiting=listing(record(reason=words, until=or_null(time))), last_drill=or_null(DRILLED),
        region=or_null(text)))


def test_cloudboxd(server, phone):
    fits(server.run("invite"), record(invitation=words, expires_at=time))
    accounts = fits(server.run("accounts"), listing(record(
        account=id32, devices=count, bytes=count, quota=or_null(count), state=words)))
    assert phone.account in [a["account"] for a in accounts]
    fits(server.run("usage"), record(accounts=count, bytes=count, objects=count, free=count))
    devices = fits(server.run("devices", phone.account), listing(record(
        device=id32, last_seen=or_null(time), seq=count, state=words)))
    assert phone.device in [d["device"] for d in devices]
    fits(server.run("check"), record(checked=count, damaged=listing(record(
        account=id32, device=id32, seq=count, object=or_null(text), reason=words))))
    assert set(server.run("devices", "ab" * 16, expect=1)) == {"error"}


def test_an_operators_commands_work_while_the_server_is_down_too(make_server):
    server = make_server(start=False)
    assert server.run("accounts") == []
    assert server.run("invite", "--quota", "10G")["invitation"]
    assert server.run("check")["damaged"] == []


@pytest.mark.parametrize("before", [True, False])
def test_global_options_stand_before_or_after_the_command(phone, before):
    words_ = ["box", "contacts"]
    options = ["--home", str(phone.home), "--json"]
    done = subprocess.run([programs.program("cloudbox"), *(options + words_ if before else words_ + options)],
                          capture_output=True, text=True, env=programs.environment(phone.folder))
    assert done.returncode == 0 and done.stdout.startswith("[") and done.stderr == ""


def test_home_comes_from_the_environment_too(phone):
    def shortcuts(**env):
        done = subprocess.run([programs.program("cloudbox"), "box", "contacts", "--json"],
                              capture_output=True, text=True,
                              env=programs.environment(phone.folder, **env))
        return done.returncode, done.stdout

    status, told = shortcuts(CLOUDBOX_HOME=phone.home)
    assert status == 0 and "Anna" in told
    (phone.folder / "xdg").mkdir()
    (phone.folder / "xdg" / "cloudbox").symlink_to(phone.home)
    assert shortcuts(XDG_DATA_HOME=phone.folder / "xdg") == (0, told)
