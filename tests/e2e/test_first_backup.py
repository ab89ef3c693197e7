# SPDX-License-Identifier: Apache-2.0
"""The first backup, the next one, and one changed field: what travels, and what the receipt says."""
import pytest

from phone import card, jpeg, people
from programs import by_name, named

N = 400
CHOSEN = 12


@pytest.fixture(scope="module")
def phone(relayed, make_terminal):
    """A phone with N contacts of which CHOSEN are in the Box and saved; and what saving them said."""
    server, relay = relayed
    t = make_terminal()
    t.init(server)
    t.cards = people(N)
    t.cards["p00003"] = card("Greta Photo", uid="with-photo", tel="+491700000001",
                             photo=jpeg(30_000))
    t.folder = t.contacts(t.cards)
    chosen = named(t.run("items", "contacts"))[:CHOSEN - 1] + ["Greta Photo"]
    t.add = t.run("add", "contacts", *chosen)
    relay.forget()
    t.first = t.run("backup")
    t.first_up, t.first_down = len(relay.up), len(relay.down)
    return t


@pytest.fixture
def relay(relayed, phone):
    relayed[1].forget()
    return relayed[1]


def change(phone, name, old, new):
    """Rewrite one thing in a contact's file."""
    path = phone.folder / f"{name}.vcf"
    raw = path.read_bytes()
    assert old in raw
    path.write_bytes(raw.replace(old, new))


def test_adding_tells_what_the_first_backup_will_cost(phone):
    assert len(phone.add["added"]) == CHOSEN
    assert not phone.add["updated"] and not phone.add["kept"] and not phone.add["failed"]
    sent = sum(item["bytes"] for item in phone.first["uploaded"])
    assert phone.add["expected_bytes"] == sent


def test_the_first_backup_sends_the_chosen_items_and_no_others(phone):
    assert named(phone.first["uploaded"]) == named(phone.add["added"])
    assert phone.first["failed"] == [] and phone.first["unchanged"] == 0


def test_the_receipt_has_the_bytes_that_really_passed(phone):
    assert phone.first["bytes_sent"] == phone.first_up
    assert phone.first["bytes_received"] == phone.first_down
    assert sum(item["bytes"] for item in phone.first["uploaded"]) <= phone.first["bytes_sent"]


def test_a_full_backup_would_have_cost_more(phone):
    first = phone.first
    assert first["full_backup_bytes"] > N * 64  # no record is smaller
    newest = phone.run("receipts")[-1]
    assert newest["kind"] == "backup" and newest["items"] == CHOSEN
    assert newest["bytes_sent"] == first["bytes_sent"]
    assert newest["bytes_received"] == first["bytes_received"]
    assert newest["full_backup_bytes"] == first["full_backup_bytes"]


def test_where_nothing_changed_no_connection_is_made(phone, relay):
    told = phone.run("backup")
    assert relay.connections == []
    assert told["requests"] == 0 and told["bytes_sent"] == 0 and told["bytes_received"] == 0
    assert told["uploaded"] == [] and told["unchanged"] == CHOSEN


def test_a_check_where_nothing_changed_is_one_small_request(phone, relay):
    told = phone.run("backup", "--check")
    assert told["uploaded"] == [] and told["requests"] == 1
    assert relay.requests == ["/v1/have"]
    assert relay.bytes <= 450, relay.bytes


def test_a_file_that_is_only_touched_makes_no_version(phone, relay):
    name = phone.first["uploaded"][0]["name"]
    for path in phone.folder.iterdir():
        path.touch()
    told = phone.run("backup")
    assert told["uploaded"] == [] and relay.connections == []
    assert by_name(phone.run("box", "contacts"))[name]["versions"] == 1


def test_one_changed_number_is_one_request_of_at_most_1200_bytes(phone, relay):
    change(phone, "p00003", b"+491700000001", b"+491700000002")
    told = phone.run("backup")
    assert named(told["uploaded"]) == ["Greta Photo"]
    assert relay.requests == ["/v1/batches"] and told["requests"] == 1
    assert relay.bytes <= 1200, relay.bytes
    assert told["bytes_sent"] + told["bytes_received"] == relay.bytes
    assert told["unchanged"] == CHOSEN - 1


def test_a_changed_number_does_not_send_the_photo_again(phone, relay):
    change(phone, "p00003", b"+491700000002", b"+491700000003")
    phone.run("backup")
    assert len(relay.up) < 1200 < 30_000


def test_a_changed_photo_is_sent_with_its_bytes_ahead(phone, relay):
    path = phone.folder / "p00003.vcf"
    path.write_bytes(card("Greta Photo", uid="with-photo", tel="+491700000003",
                          photo=jpeg(31_000, seed=2)))
    phone.run("backup")
    assert relay.requests == ["/v1/have", "/v1/chunks", "/v1/batches"]
    assert 31_000 < len(relay.up) < 36_000


def test_the_receipts_are_listed_newest_first(phone):
    times = [receipt["at"] for receipt in phone.run("receipts")]
    assert times == sorted(times, reverse=True) and len(times) >= 4


def test_a_new_item_costs_no_old_ones(phone, relay):
    phone.run("add", "contacts", named(phone.run("items", "contacts"))[-1])
    told = phone.run("backup")
    assert len(told["uploaded"]) == 1 and told["unchanged"] == CHOSEN
    assert relay.bytes <= 1200


def test_the_cost_of_one_change_does_not_grow_with_the_box(phone, relay):
    phone.run("add", "contacts", "--all", "--no")
    phone.run("backup")
    relay.forget()
    change(phone, "p00003", b"+491700000003", b"+491700000004")
    told = phone.run("backup")
    assert told["unchanged"] == N - 1
    assert relay.requests == ["/v1/batches"]
    assert relay.bytes <= 1200, relay.bytes


def test_status_needs_no_server(phone, relay):
    told = phone.run("status")
    assert relay.connections == []
    assert told["items"] == N and told["unsaved_items"] == 0
    assert told["account"] == phone.account and told["device"] == phone.device
