# SPDX-License-Identifier: Apache-2.0
"""Messages and calls of SMS Backup & Restore: an item is one of them, and a restore adds what is missing
before the file's end tag, everything else byte for byte."""
import base64
import collections
import re
import sqlite3

import pytest

import corpus
import sms_schema
from phone import noise
from programs import tree

HEAD = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<!--made-->\n"
PICTURE = '<part seq="0" ct="image/jpeg" name="a.jpg" text="null" data="/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP==" />'
TEXT = '<part seq="1" ct="text/plain" name="null" text="look &#55357;&#56832;" data="null" />'
ONE = '<sms protocol="0" address="+15555550000" date="1373942574000" type="1" subject="null" body="G" read="1" contact_name="Jane" />'
LATER = ONE.replace("574000", "574321")
TWO = '<sms protocol="0" address="7535" date="1373929642000" type="1" body="Free AT&amp;T msg" read="0" />'
OUT = ONE.replace('type="1"', 'type="2"')


def mms(*parts, id="m1@example.org"):
    return (f'<mms date="1609470000000" msg_box="1" m_id="{id}" tr_id="t1" sub="null" address="+15557778888">\n'
            "    <parts>\n" + "".join(f"      {p}\n" for p in parts) +
            '    </parts>\n    <addrs><addr address="+15557778888" type="137" charset="106" /></addrs>\n  </mms>')


def smses(*elements, count=None, root="smses"):
    count = len(elements) if count is None else count
    return (HEAD + f'<{root} count="{count}">\n' + "".join(f"  {e}\n" for e in elements) + f"</{root}>").encode()


@pytest.fixture
def phones(make_terminal, server, request):
    """Two phones of one account, each with the app `messages` of these files."""

    def make(mine, theirs, adapter="sms-xml"):
        a, b = make_terminal(), make_terminal()
        a.init(server)
        b.join(a)
        for t, files in ((a, mine), (b, theirs)):
            t.app("messages", adapter, files)
        return a, b

    return make


def backup(t):
    t.run("add", "messages", "--all")
    return t.run("backup")


def results(told):
    return collections.Counter(i["result"] for i in told["items"])


def restored(t, other, **want):
    told = t.run("restore", "messages", "--from", other.device)
    assert results(told) == want, told
    again = tree(t.phone)
    assert set(results(t.run("restore", "messages", "--from", other.device))) <= {"identical"}
    assert tree(t.phone) == again, "a second restore wrote something"
    return told


def test_missing_messages_come_before_the_end_tag_and_the_count_stays_right(phones):
    a, b = phones({"sms.xml": smses(ONE, TWO, mms(PICTURE, TEXT))}, {"sms.xml": smses(TWO, OUT)})
    backup(a), backup(b)
    restored(b, a, identical=1, added=2)
    now = (b.phone / "messages/sms.xml").read_bytes()
    head = HEAD + f'<smses count="4">\n  {TWO}\n  {OUT}\n'
    assert now in [f"{head}{x}\n{y}\n</smses>".encode()
                   for x, y in [(ONE, mms(PICTURE, TEXT)), (mms(PICTURE, TEXT), ONE)]]
    # swapped
    restored(a, b, identical=1, added=1)
    assert (a.phone / "messages/sms.xml").read_bytes().count(b"<sms ") == 3


def test_what_a_restore_adds_comes_by_date(phones):
    bodies = [ONE.replace("1373942574000", f"{1400000000000 + n * 7919 % 97 * 1000}").replace('"G"', f'"{n}"')
              for n in range(60)]
    assert bodies != sorted(bodies)
    a, b = phones({"sms.xml": smses(*bodies)}, {"sms.xml": smses(TWO)})
    backup(a)
    restored(b, a, added=60)
    now = (b.phone / "messages/sms.xml").read_text()
    dates = re.findall(r'date="(\d+)"', now)
    assert len(dates) == 61 and dates[1:] == sorted(dates[1:])
    assert now.index(TWO) < now.index(bodies[0])  # what was there stays where it was


def test_a_message_was_modified_when_it_was_sent(phones):
    a, _ = phones({"sms.xml": smses(ONE, mms(PICTURE))}, {})
    assert len(a.run("items", "messages")) == 2
    with sqlite3.connect(a.home / "box.db") as box:
        times = sorted(ms for ms, in box.execute("SELECT modified_ms FROM items"))
    box.close()
    assert times == [1373942574000, 1609470000000]


def test_what_a_restore_added_goes_again_byte_for_byte(phones):
    before = smses(TWO, *[TWO.replace("642", f"{i}") for i in range(100, 107)])
    assert before.count(b"<sms ") == 8
    a, b = phones({"sms.xml": smses(ONE, LATER, OUT, mms(PICTURE))}, {"sms.xml": before})
    backup(a), backup(b)
    restored(b, a, added=4)
    assert b'count="12"' in (b.phone / "messages/sms.xml").read_bytes()
    b.run("undo")
    assert (b.phone / "messages/sms.xml").read_bytes() == before


def test_equal_messages_are_counted(phones):
    a, b = phones({"sms.xml": smses(ONE, ONE, ONE, TWO)}, {"sms.xml": smses(ONE, TWO, TWO)})
    backup(a), backup(b)
    restored(b, a, identical=2, added=2)
    now = (b.phone / "messages/sms.xml").read_bytes()
    assert now.count(ONE.encode()) == 3 and now.count(TWO.encode()) == 2
    restored(a, b, identical=2, added=1)
    now = (a.phone / "messages/sms.xml").read_bytes()
    assert now.count(ONE.encode()) == 3 and now.count(TWO.encode()) == 2


def test_a_lost_part_comes_back_and_goes_with_undo(phones):
    before = smses(mms(TEXT), ONE)
    a, b = phones({"sms.xml": smses(mms(PICTURE, TEXT))}, {"sms.xml": before})
    backup(a), backup(b)
    told = restored(b, a, merged=1)
    assert [f["field"] for i in told["items"] for f in i["fields_added"]] == ["PART"]
    now = (b.phone / "messages/sms.xml").read_bytes().decode()
    assert now == before.decode().replace("    </parts>", f"    {PICTURE}</parts>")
    b.run("undo")
    assert (b.phone / "messages/sms.xml").read_bytes() == before


def test_a_cut_file_gives_every_complete_message_and_is_not_written(phones):
    whole = smses(ONE, LATER, mms(PICTURE), count=12028)
    cut = whole[:whole.index(b"</mms>")]
    a, b = phones({"sms.xml": cut}, {"sms.xml": smses(TWO, count=12028)})
    told = a.run("items", "messages", expect=(0, 3))
    assert len(told) == 2
    assert re.search(r"sms\.xml:6:3: expected |sms\.xml:\d+:\d+: expected ", str(told) + a.stderr)
    backup(b)
    a.run("add", "messages", "--all", expect=None)
    a.run("backup", expect=None)
    told = b.run("restore", "messages", "--from", a.device)
    assert results(told) == {"added": 2}
    assert b'count="12028"' in (b.phone / "messages/sms.xml").read_bytes()  # it was wrong before
    # nothing can be added to a cut file: a new one takes it
    told = a.run("restore", "messages", "--from", b.device, expect=None)
    assert results(told)["added"] == 1
    assert (a.phone / "messages/sms.xml").read_bytes() == cut
    assert tree(a.phone)["messages/messages.xml"].count(b"<sms ") == 1
    assert b'<smses count="1">' in tree(a.phone)["messages/messages.xml"]


def test_dates_emoji_and_nobody_s_numbers_stay_apart(phones):
    lone = ONE.replace('"G"', '"&#55357; &#0;"')
    private, unknown, none = (ONE.replace("+15555550000", n) for n in ("-1", "-2", ""))
    a, b = phones({"sms.xml": smses(ONE, LATER, lone, private, unknown, none)}, {})
    told = backup(a)
    assert len(a.run("items", "messages")) == 6
    b.run("restore", "messages", "--from", a.device)
    assert tree(b.phone)["messages/messages.xml"].count(b"<sms ") == 6


def test_calls_of_two_overlapping_exports_become_one_log(phones):
    """The log that another program made of these files leaves six calls of them out; ours has every one."""
    top, = corpus.folder("calls/mobilecombackup/it/scenerio-00")
    read = lambda name: (top / name).read_bytes()
    exports = [read("to_process/00/calls-test.xml"), read("to_process/01/calls-test.xml")]
    here = read("original_repo_root/calls/calls-2015.xml")
    a, b = phones({"0.xml": exports[0], "1.xml": exports[1]}, {"calls-2015.xml": here}, "calls-xml")
    backup(a), backup(b)

    def calls(*texts):
        attributes = lambda tag: tuple(sorted(
            (k, v) for k, v in re.findall(rb'(\w+)="([^"]*)"', tag)
            if k not in (b"readable_date", b"contact_name")))
        return collections.Counter(attributes(t) for raw in texts for t in re.findall(rb"<call .*?/>", raw))

    assert calls(*exports).total() == 24
    # a call that both exports hold is twice on that phone, and so it is in its backup
    restored(b, a, identical=1, added=23)
    now = calls(*tree(b.phone / "messages").values())
    oracle = calls(read("expected_repo_root/calls/calls-2014.xml"), read("expected_repo_root/calls/calls-2015.xml"))
    assert set(now) == set(calls(*exports, here)) and set(now) > set(oracle) and len(oracle) == 16
    assert now == calls(*exports) | calls(here)
    assert b'<calls count="24">' in tree(b.phone)["messages/calls-2015.xml"]


def test_the_six_steps_for_every_real_file(phones):
    files = {n.replace("/", "_"): raw for n, raw in corpus.files("messages", "calls").items()
             if n.endswith(".xml")}
    assert len(files) >= 20
    a, b = phones(files, {})
    a.run("add", "messages", "--all", expect=None)
    a.run("backup", expect=None)
    told = b.run("restore", "messages", "--from", a.device, expect=None)
    n = len(told["items"])
    assert n > 30 and results(told) == {"added": n}
    before = tree(b.phone)
    told = b.run("restore", "messages", "--from", a.device, expect=None)
    assert results(told) == {"identical": n} and tree(b.phone) == before
    before = tree(a.phone)
    told = a.run("restore", "messages", "--from", a.device, expect=None)
    assert results(told) == {"identical": n} and tree(a.phone) == before
    # a mutated copy: fields in another order, volatile ones changed, one message less, one more
    raw = before["messages/messages_mobilecombackup_sms-test.xml"].decode()
    mine = re.sub(r'(<sms )(protocol="0" )(.*?)read="1"', r'\1\3\2read="0"', raw)
    first = re.search(r" *<sms .*?/>\n", mine).group()
    mine = mine.replace(first, "", 1).replace("</smses>", f"{ONE}</smses>")
    (a.phone / "messages/messages_mobilecombackup_sms-test.xml").write_text(mine)
    told = a.run("restore", "messages", "--from", a.device, expect=None)
    assert results(told)["added"] == 1 and results(told)["identical"] == n - 1, results(told)
    now = tree(a.phone)["messages/messages_mobilecombackup_sms-test.xml"].decode()
    assert now.startswith(mine[:mine.index("</smses>")].rstrip()) or now == mine


def test_a_file_is_merged_in_and_previews_and_a_part_without_a_place_is_held(phones, tmp_path):
    closed = '<mms date="1609470000000" msg_box="1" m_id="m1@example.org" address="+15557778888"><parts/></mms>'
    a, b = phones({"sms.xml": smses(mms(PICTURE), ONE)}, {"sms.xml": smses(closed, TWO)})
    backup(a), backup(b)
    before = tree(b.phone)
    told = b.run("restore", "messages", "--from", a.device, "--preview")
    assert results(told) == {"merged": 1, "added": 1} and tree(b.phone) == before
    told = b.run("restore", "messages", "--from", a.device)
    assert [f["field"] for i in told["items"] for f in i["fields_held"]] == ["PART"]
    assert closed.encode() in tree(b.phone)["messages/sms.xml"]
    held, = b.run("held", "messages")
    assert held["field"] == "PART"
    why = b.error("take", "messages", held["id"], "PART")
    assert "no place" in why["message"], why
    (tmp_path / "more.xml").write_bytes(smses(OUT, ONE))
    told = b.run("import", "messages", tmp_path / "more.xml")
    assert results(told) == {"added": 1, "identical": 1}
    assert tree(b.phone)["messages/sms.xml"].count(OUT.encode()) == 1


def exported(t, to, root="smses"):
    tree = sms_schema.elements(to, root)
    assert t.run("import", "messages", to)["written"] == 0, "what was exported does not find itself"
    return tree


def test_messages_go_out_by_date_as_a_file_of_sms_backup_and_restore(phones, make_terminal, tmp_path):
    plain = mms(PICTURE)
    a, _ = phones({"b.xml": smses(LATER, TWO), "a.xml": smses(plain, ONE, count=7)}, {})
    told = a.run("export", "messages", "--to", tmp_path / "all.xml")
    assert told["exported"] == 4 and told["format"] == "sms-xml" and not any(i["notes"] for i in told["items"])
    root = exported(a, tmp_path / "all.xml")
    dates = [int(one.get("date")) for one in root]
    assert dates == sorted(dates) and [one.tag for one in root] == ["sms", "sms", "sms", "mms"]
    assert root[0].get("body") == "Free AT&T msg" and root[0].get("service_center") == "null"
    assert root[3].find("parts")[0].get("data").startswith("/9j/4AAQ")
    raw = (tmp_path / "all.xml").read_bytes()
    assert PICTURE[5:].encode() in raw and ONE[4:].encode() in raw, "what was there was changed"

    a.run("export", "messages", "--to", tmp_path / "as.xml", "--format", "original")
    assert (tmp_path / "as.xml").read_text() == (
        "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<smses count=\"4\">\n"
        f"  {TWO}\n  {ONE}\n  {LATER}\n  {plain}\n</smses>\n")

    # one message by its name, each in a file of its own; and the file is an app by itself
    one = a.run("export", "messages", "Free AT&T msg", "--to", f"{tmp_path}/one/")
    assert one["exported"] == 1
    exported(a, tmp_path / "one/Free AT&T msg.xml")
    b = make_terminal()
    b.join(a)
    b.run("apps", "add", "messages", "--adapter", "sms-xml", "--path", tmp_path / "all.xml")
    assert len(b.run("items", "messages")) == 4
    assert a.error("export", "messages", "--to", tmp_path / "x.xml", "--format", "vcard4",
                   expect=2)["code"] == "usage"


def test_calls_go_out_by_date_as_a_file_of_sms_backup_and_restore(phones, tmp_path):
    calls = ['<call number="+4930123" duration="7" date="1609470000000" type="1"/>',
             '<call number="" duration="0" date="1500000000000" type="3" presentation="2"/>']
    a, _ = phones({"calls.xml": smses(*calls, root="calls")}, {}, "calls-xml")
    a.run("export", "messages", "--to", tmp_path / "calls.xml")
    root = exported(a, tmp_path / "calls.xml", "calls")
    assert [(c.get("number"), c.get("presentation")) for c in root] == [("", "2"), ("+4930123", "1")]


def test_messages_going_out_replace_nothing(phones, tmp_path):
    a, _ = phones({"sms.xml": smses(ONE, TWO)}, {})
    assert a.run("export", "messages", "--to", tmp_path / "a.xml")["exported"] == 2
    assert "is there already" in a.error("export", "messages", "--to", tmp_path / "a.xml")["message"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.xml"]


def test_real_messages_find_themselves_after_going_out(phones, tmp_path):
    files = {path.replace("/", "_"): raw for path, raw in corpus.files("messages").items() if path.endswith(".xml")}
    a, _ = phones(files, {})
    there = a.run("items", "messages")
    told = a.run("export", "messages", "--to", tmp_path / "all.xml")
    assert told["exported"] == len(there) > 30
    assert a.run("import", "messages", tmp_path / "all.xml")["written"] == 0
    before = (tmp_path / "all.xml").read_bytes()
    a.run("export", "messages", "--to", tmp_path / "again.xml")
    assert (tmp_path / "again.xml").read_bytes() == before


def test_equal_messages_are_counted_in_a_folder_outside_the_box_too(phones, make_terminal, tmp_path):
    a, _ = phones({"sms.xml": smses(ONE, ONE, ONE, TWO)}, {})
    backup(a)
    c = make_terminal()
    c.join(a)
    command = ("restore", "messages", "--from", a.device, "--create", tmp_path)
    told = c.run(*command)
    assert results(told) == {"added": 4}, [(i["id"], i["name"], i["result"], i["reason"]) for i in told["items"]]
    now = tree(tmp_path)
    assert sum(raw.count(ONE.encode()) for raw in now.values()) == 3
    assert results(c.run(*command)) == {"identical": 4} and tree(tmp_path) == now


def test_an_mms_larger_than_a_record_is_saved_and_comes_back_byte_for_byte(phones):
    large = mms(PICTURE.replace('/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP==', base64.b64encode(noise(300_000)).decode()), TEXT)
    a, b = phones({"sms.xml": smses(ONE, large)}, {"sms.xml": smses(TWO)})
    backup(a)
    restored(b, a, added=2)
    assert large.encode() in (b.phone / "messages/sms.xml").read_bytes()
