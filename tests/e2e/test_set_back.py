# SPDX-License-Identifier: Apache-2.0
"""A server that was itself restored from its own backup: an alarm in words, and after a yes the
terminal goes on from there and saves everything anew, whatever the server lost."""
import http.client
import re
import shutil

import pytest

from phone import card, noise

TOKEN = re.compile(rb"Authorization: Bearer ([0-9a-f]{64})")


@pytest.fixture
def world(make_server, make_terminal):
    server, t = make_server(), make_terminal("phone")
    t.init(server)
    t.contacts({"a": card("A", uid="a", tel="+491"), "b": card("B", uid="b")})
    t.run("add", "contacts", "--all")
    t.run("backup")
    return server, t


@pytest.fixture
def set_back(world, tmp_path):
    """Keep the server's disk as it is; afterwards put it back."""
    server, _ = world
    server.stop()
    shutil.copytree(server.data, tmp_path / "data")
    server.start()

    def put_back():
        server.stop()
        shutil.rmtree(server.data)
        shutil.copytree(tmp_path / "data", server.data)
        server.start()

    return put_back


def change(t, tel):
    (t.phone / "contacts" / "a.vcf").write_bytes(card("A", uid="a", tel=tel))


def heals(t):
    """Alarm; yes; everything is there, and the next backup has nothing to do."""
    assert t.error("backup", "--check", expect=(1, 2))["code"] in ("alarm", "usage")
    assert t.error("backup", "--check", "--no")["code"] == "alarm"
    t.run("backup", "--check", "--yes")
    assert t.run("backup", "--check")["uploaded"] == []
    assert t.run("verify", "--data")["bad"] == []


def test_a_check_offers_to_go_on_though_nothing_changed_here(world, set_back):
    server, t = world
    change(t, "+492")
    t.run("backup")
    set_back()
    assert t.run("backup")["requests"] == 0  # nothing changed: nobody is asked
    heals(t)


def test_lost_entries_of_the_account_log_do_not_stand_in_the_way(world, set_back):
    server, t = world
    t.run("recovery", "new", "--yes")
    change(t, "+492")
    t.run("backup")
    set_back()
    change(t, "+493")
    heals(t)
    t.run("recovery", "new", "--yes")  # the log goes on from where it is now
    change(t, "+494")
    assert len(t.run("backup")["uploaded"]) == 1


def test_a_lost_log_entry_alone_is_followed_back_too_and_told(world, set_back):
    server, t = world
    t.run("recovery", "new", "--yes")
    set_back()
    change(t, "+492")
    assert t.error("backup", "--no")["code"] == "alarm"
    assert len(t.run("backup", "--yes")["uploaded"]) == 1
    assert "entry of the account log was lost" in t.stderr
    assert t.run("verify")["bad"] == []


def test_a_new_passphrase_ends_who_came_in_by_the_old_one(make_relayed, make_terminal):
    server, relay = make_relayed()
    t = make_terminal()
    t.init(server)
    t.documents({"f": noise(10)})
    t.run("add", "documents", "--all")
    t.run("backup")
    relay.forget()
    t.run("cloud")
    token = TOKEN.findall(relay.up)[-1].decode()
    assert status(server, token) == 200
    relay.forget()
    t.run("passphrase", "--yes", env={"CLOUDBOX_NEW_PASSPHRASE": "nine amber kites over the bay"})
    changing = TOKEN.findall(relay.up)[-1].decode()
    assert status(server, token) == 401
    assert status(server, changing) == 200


def status(server, token):
    link = http.client.HTTPConnection("127.0.0.1", server.port)
    link.request("GET", "/v1/wraps", headers={"Authorization": f"Bearer {token}"})
    answer = link.getresponse().status
    link.close()
    return answer
