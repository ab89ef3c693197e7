# SPDX-License-Identifier: Apache-2.0
"""The account's server at another address: told to the account by one device, followed by the others, and
a server that is not the account's is refused, whatever it shows."""
import re
import shutil
import sqlite3
import subprocess

import pytest

from phone import card
from programs import by_name

HERE, THERE = "127.0.0.1", "127.0.0.2"  # the same server under two names


def at(address, host):
    return address.replace(HERE, host)


@pytest.fixture
def world(make_server, make_terminal):
    """A server that listens on all addresses of this machine, two devices that go to the first."""
    server = make_server(host="0.0.0.0")
    phone, tablet = make_terminal("phone"), make_terminal("tablet")
    phone.init(server, re.sub(r"//[^:/]+:", f"//{HERE}:", server.invite()))
    tablet.join(phone)
    for t in (phone, tablet):
        save(t, "+491")
    return server, phone, tablet


def save(t, tel):
    t.contacts({t.name: card(t.name, uid=t.name, tel=tel)})
    t.run("add", "contacts", "--all", "--yes")
    told = t.run("backup")
    assert told["failed"] == [] and told["uploaded"]
    return told


def only_there(server):
    """The first address is gone."""
    server.stop()
    server._listen = f"{THERE}:{server.port}"
    server.start()


def test_the_others_follow_by_themselves(world):
    server, phone, tablet = world
    there = at(phone.server, THERE)
    assert phone.run("server") == {"changed": 0, "server": phone.server, "before": None}
    told = phone.run("server", there)
    assert told == {"changed": 1, "server": there, "before": phone.server}
    assert phone.stderr == ""
    assert phone.run("server", there)["changed"] == 0
    assert phone.run("status")["server"] == there
    save(phone, "+492")
    save(tablet, "+492")  # at the old address, where it hears of it
    assert "has another address" in tablet.stderr
    told = tablet.run("status")
    assert told["server"] == there and told["server_before"] == phone.server
    only_there(server)
    for t in (phone, tablet):
        assert save(t, "+493")["requests"] > 0
        assert t.run("verify", "--data")["bad"] == []
    assert tablet.stderr == ""


def test_a_device_that_has_nothing_to_save_follows_by_itself_too(world):
    server, phone, tablet = world
    there = at(phone.server, THERE)
    phone.run("server", there)
    tablet.run("auto", "all", "--every", "6h")
    tablet.run("run", "--once")
    assert "has another address" in tablet.stderr
    assert tablet.run("server")["server"] == there
    only_there(server)
    save(tablet, "+492")


def test_with_the_old_address_gone_each_device_is_told_and_the_second_asks_for_no_passphrase(world):
    server, phone, tablet = world
    there = at(phone.server, THERE)
    only_there(server)
    assert phone.error("backup", "--check", expect=5)["code"] == "unreachable"
    phone.passphrase = "not the passphrase at all"
    phone.error("server", there, expect=4)
    assert phone.run("server")["server"] == phone.server  # nothing was changed
    phone.passphrase = tablet.passphrase
    assert phone.run("server", there)["changed"] == 1
    assert "does not answer" in phone.stderr and "each" in phone.stderr
    tablet.passphrase = None
    assert tablet.run("server", there)["changed"] == 1
    for t in (phone, tablet):
        save(t, "+492")


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "30",
                    "-subj", "/CN=cloudbox"], check=True, capture_output=True)
    return "--tls-cert", str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem")


def pin(invitation):
    return re.search(r"#pin=(.*)$", invitation)[1]


def test_a_new_key_is_taken_only_with_its_pin_or_by_asking(world, tmp_path):
    server, phone, tablet = world
    old = pin(phone.server)
    server.stop()
    server.options += certificate(tmp_path)
    server.start()
    bare = f"https://{THERE}:{server.port}/"
    assert phone.error("backup", "--check")["code"] == "not-authentic"
    assert phone.error("server", f"{bare}#pin={old}")["code"] == "not-authentic"
    assert phone.error("server", bare, "--no")["code"] == "cancelled"
    assert phone.run("server")["server"] == phone.server
    assert "#pin=" in phone.run("server", bare, "--yes")["server"]
    save(phone, "+492")
    told = tablet.run("server", f"{bare}{phone.run('server')['server'][len(bare):]}")
    assert told["changed"] == 1
    save(tablet, "+492")


@pytest.fixture
def copied(make_server):
    """make(server): a server over a copy of its data, as an operator makes one by mistake, or a thief."""
    def make(server):
        server.stop()
        copy = make_server(start=False)
        shutil.rmtree(copy.data)
        shutil.copytree(server.data, copy.data)
        server.start()
        return copy

    return make


def moves_to(t, copy):
    return f"{copy.address}/#pin={pin(copy.invite())}"


def refuses(t, url, *codes):
    before = t.run("server")["server"]
    told = t.error("server", url, "--yes")
    assert told["code"] in codes and "nothing was changed" in told["hint"], told
    assert t.run("server")["server"] == before
    return told


def test_a_server_that_does_not_know_the_account_is_refused(world, make_server):
    _, phone, _ = world
    other = make_server()
    told = refuses(phone, moves_to(phone, other), "not-found")
    assert "does not know this account" in told["message"]


def test_an_old_state_of_the_server_is_refused(world, copied):
    server, phone, tablet = world
    copy = copied(server)
    save(phone, "+492")
    copy.start()
    told = refuses(phone, moves_to(phone, copy), "alarm")
    assert "lacks backups" in told["message"]
    save(phone, "+493")


def test_an_old_state_of_another_device_alone_is_refused_while_the_right_server_answers(world, copied):
    server, phone, tablet = world
    copy = copied(server)
    save(tablet, "+492")  # of which the phone knows nothing
    copy.start()
    assert "two servers" in refuses(phone, moves_to(phone, copy), "alarm")["message"]


def test_a_shorter_account_log_is_refused(world, copied):
    server, phone, tablet = world
    copy = copied(server)
    phone.run("recovery", "new", "--yes")
    copy.start()
    refuses(phone, moves_to(phone, copy), "alarm")


def test_other_backups_in_the_place_of_those_that_were_there_are_refused(world, copied):
    server, phone, tablet = world
    copy = copied(server)
    db = sqlite3.connect(copy.data / "cloudbox.db")
    with db:
        db.execute("UPDATE devices SET head = randomblob(32) WHERE device = ?",
                   (bytes.fromhex(phone.device),))
    db.close()
    copy.start()
    assert "other backups" in refuses(phone, moves_to(phone, copy), "alarm")["message"]


def test_a_copy_beside_the_server_is_told_as_two_servers(world, copied):
    """The same state is shown at both addresses; only what is signed then shows that they are two."""
    server, phone, tablet = world
    copy = copied(server)
    copy.start()
    assert phone.run("server", moves_to(phone, copy))["changed"] == 1
    assert "it is another server" in phone.stderr
    save(tablet, "+492")
    assert by_name(tablet.run("cloud"))["tablet"]["versions"] == 2  # the tablet goes where it went
    assert tablet.run("server")["server"] == phone.server


def test_what_is_no_servers_address_is_refused_before_anything_is_sent(world):
    _, phone, _ = world
    for url in ("ftp://x/", "https://127.0.0.1:1/i/AAAAAAAAAAAAAAAAAAAAAA#pin=x", ""):
        phone.error("server", url, expect=2)
    phone.error("server", "https://127.0.0.1:1/", expect=5)
    assert phone.run("server")["server"] == phone.server
