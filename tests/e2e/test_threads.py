# SPDX-License-Identifier: Apache-2.0
"""A whole thread in one go: its messages are shown together, added, backed up and restored together, whoever
they are with and however their number is written; other messages stay where they are."""
import collections
import sqlite3

import pytest

HEAD = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n"


def sms(address, body, at, kind=1, name="(Unknown)"):
    return f'<sms address="{address}" date="{at}000" type="{kind}" body="{body}" contact_name="{name}" />'


def mms(parties, body, at, name="(Unknown)", box=1, address=True, picture=None):
    """With a group: parties joined by ~; without `address` its <addr> elements tell who took part."""
    addrs = "".join(f'<addr address="{p}" type="{137 if i == 0 and box == 1 else 151}" />'
                    for i, p in enumerate(parties + (["+15550009999"] if box == 1 else [])))
    part = f'<part ct="text/plain" text="{body}" />' + (
        f'<part ct="image/jpeg" data="{picture}" />' if picture else "")
    whom = f'address="{"~".join(parties)}" ' if address else ""
    return (f'<mms {whom}date="{at}000" msg_box="{box}" m_id="id-{at}" contact_name="{name}">'
            f"<parts>{part}</parts><addrs>{addrs}</addrs></mms>")


JANE = [sms("+1 (555) 000-1111", "hello Jane", 1600000001, kind=2, name="Jane Roe"),
        sms("+15550001111", "hello back", 1600000002),
        mms(["+15550001111"], "a picture", 1600000003, name="Jane Roe", picture="A" * 60000),
        mms(["+15550001111"], "nobody said to whom", 1600000004, address=False)]
BOB = [sms("+15550002222", "hi Bob", 1600000011, kind=2, name="Bob"),
       sms("+15550002222", "hi", 1600000012, name="Bob")]
GROUP = [mms(["+15550002222", "+15550001111"], "to both", 1600000021, box=2, name="Bob, Jane Roe"),
         mms(["+1-555-000-1111", "+15550002222"], "from one of us", 1600000022, name="Bob, Jane Roe")]
BANK = [sms("MyBank", "your code is 1234", 1600000031)]


def smses(elements):
    return (HEAD + f'<smses count="{len(elements)}">\n' + "".join(f"  {e}\n" for e in elements) +
            "</smses>").encode()


@pytest.fixture
def phone(make_terminal, server):
    t = make_terminal()
    t.init(server)
    t.app("messages", "sms-xml", {"sms.xml": smses(BOB + JANE + BANK + GROUP)})
    return t


def threads(items):
    return collections.Counter(i["thread"] for i in items)


GROUP_THREAD = "+15550001111~+15550002222"


def test_each_message_shows_its_thread_and_with_whom_it_is(phone):
    items = phone.run("items", "messages")
    assert threads(items) == {"+15550001111": 4, "+15550002222": 2, GROUP_THREAD: 2, "mybank": 1}
    assert {(i["thread"], i["with"]) for i in items if i["with"]} == {
        ("+15550001111", "Jane Roe"), ("+15550002222", "Bob"), (GROUP_THREAD, "Bob, Jane Roe")}
    text = phone.run("items", "messages", json=False)
    assert "Jane Roe" in text and "mybank" in text
    phone.contacts({})
    assert phone.run("items", "contacts") == []


def test_box_and_cloud_show_threads_too(phone):
    phone.run("add", "messages", "--all")
    phone.run("backup")
    shortcuts = phone.run("box", "messages")
    assert threads(shortcuts) == {"+15550001111": 4, "+15550002222": 2, GROUP_THREAD: 2, "mybank": 1}
    assert {s["with"] for s in shortcuts} == {"Jane Roe", "Bob", "Bob, Jane Roe", None}
    assert "Jane Roe" in phone.run("box", "messages", json=False)
    saved = phone.run("cloud", "messages")  # but for the picture, which lies in chunks
    assert collections.Counter(i.get("thread") for i in saved) == {
        "+15550001111": 3, "+15550002222": 2, GROUP_THREAD: 2, "mybank": 1, None: 1}
    assert {i["with"] for i in saved if "with" in i} == {"Jane Roe", "Bob", "Bob, Jane Roe"}


@pytest.mark.parametrize("whom, names", [
    ("+15550001111", {"hello Jane", "hello back", "a picture", "nobody said to whom"}),
    ("1 555 000 2222", None),  # another number: without a home region nobody knows it is +1
    ("tel:+1-555-000-2222", {"hi Bob", "hi"}),
    ("jane roe", {"hello Jane", "hello back", "a picture", "nobody said to whom"}),
    ("+15550002222~+15550001111", {"to both", "from one of us"}),
    ("+1 555 000 1111, +15550002222", {"to both", "from one of us"}),
    ("MYBANK", {"your code is 1234"}),
])
def test_a_thread_is_found_by_number_and_by_name(phone, whom, names):
    if names is None:
        error = phone.error("add", "messages", "--thread", whom)
        assert error["code"] == "not-found" and "Jane Roe" in error["hint"]
        return
    told = phone.run("add", "messages", "--thread", whom)
    assert {i["name"] for i in told["added"]} == names and len(told["added"]) == len(names)
    assert {i["name"] for i in phone.run("box", "messages")} == names


def test_a_thread_goes_to_the_cloud_and_back_in_one_go(phone, make_terminal):
    phone.run("add", "messages", "--all")
    told = phone.run("backup", "messages", "--thread", "Jane Roe")
    assert len(told["uploaded"]) == 4 and told["unchanged"] == 0
    again = phone.run("backup", "messages", "--thread", "+15550001111")
    assert again["uploaded"] == [] and again["unchanged"] == 4 and again["requests"] == 0
    assert len(phone.run("backup")["uploaded"]) == 5
    other = make_terminal()
    other.join(phone)
    other.app("messages", "sms-xml", {"sms.xml": smses(BANK)})
    for whom, added in (("Jane Roe", 4), ("+15550001111", 0), (GROUP_THREAD, 2)):
        told = other.run("restore", "messages", "--thread", whom, "--from", phone.device)
        assert told["written"] == added, told
        expected = {"added"} if added else {"identical"}
        assert {i["result"] for i in told["items"]} == expected
    now = (other.phone / "messages/sms.xml").read_text()
    assert all(e in now for e in JANE + GROUP + BANK) and not any(e in now for e in BOB)
    error = other.error("restore", "messages", "--thread", "Carol", "--from", phone.device)
    assert error["code"] == "not-found"
    assert other.run("undo")["written"] == 2


def test_later_messages_are_not_in_the_box_by_themselves(phone):
    text = phone.run("add", "messages", "--thread", "Bob", json=False)
    assert "later" in text
    phone.run("backup")
    path = phone.phone / "messages/sms.xml"
    more = sms("+15550002222", "are you there?", 1600000099, name="Bob")
    path.write_bytes(smses(BOB + JANE + BANK + GROUP + [more]))
    assert phone.run("backup")["uploaded"] == []
    told = phone.run("add", "messages", "--thread", "Bob", "--no")
    assert [i["name"] for i in told["added"]] == ["are you there?"] and len(told["kept"]) == 2
    assert [i["name"] for i in phone.run("backup")["uploaded"]] == ["are you there?"]


def test_a_thread_and_items_cannot_both_be_meant(phone):
    for command in (("add", "messages", "--thread", "Bob", "hi"), ("add", "messages", "--thread", "Bob", "--all"),
                    ("backup", "messages", "hi", "--thread", "Bob"), ("backup", "--thread", "Bob"),
                    ("restore", "messages", "hi", "--thread", "Bob"), ("restore", "--thread", "Bob")):
        assert phone.error(*command, expect=2)["code"] == "usage", command


def test_a_box_of_before_there_were_threads_learns_them(phone):
    phone.run("add", "messages", "--all")
    phone.run("backup")
    with sqlite3.connect(phone.home / "box.db") as box:
        box.execute("DROP TABLE threads")
    box.close()
    assert threads(phone.run("items", "messages"))["+15550001111"] == 4
    assert phone.run("backup")["uploaded"] == []
