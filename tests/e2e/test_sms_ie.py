# SPDX-License-Identifier: Apache-2.0
"""Messages of SMS Import / Export for Android: its zip and its older JSON are read, whatever they hold, and go
into any other app of messages."""
import base64
import io
import json
import struct
import xml.etree.ElementTree as ET
import zipfile

import pytest

from programs import tree

PICTURE = bytes(range(256)) * 12

SMS = {"_id": "1", "thread_id": "2", "address": "+15555550000", "date": "1373942574321", "date_sent": "1373942573000",
       "protocol": "0", "read": "1", "status": "-1", "type": "1", "body": "Grüße \U0001f980 & <b> \"x\"\n2", "locked": "0",
       "service_center": "+13123149619", "__display_name": "Jane"}
SENT = {**SMS, "_id": "2", "type": "2", "body": "Yes"}
PART = {"_id": "9", "mid": "3", "seq": "0", "ct": "image/jpeg", "name": "a.jpg",
        "_data": "/data/user_de/0/com.android.providers.telephony/app_parts/PART_1"}
TEXT = {"_id": "10", "mid": "3", "seq": "1", "ct": "text/plain", "text": "look"}
MMS = {"_id": "3", "thread_id": "2", "date": "1609470000", "msg_box": "1", "m_id": "m1@example.org", "tr_id": "t1",
       "__sender_address": {"address": "+15557778888", "type": "137", "charset": "106", "__display_name": "Bo"},
       "__recipient_addresses": [{"address": "+15555550000", "type": "151", "charset": "106"}], "__parts": [PART, TEXT]}


def ndjson(*messages):
    return "".join(json.dumps(m, ensure_ascii=False) + "\n" for m in messages).encode()


def archive(*entries, messages=None, compress=zipfile.ZIP_DEFLATED):
    """A zip of (name, bytes), messages.ndjson first."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compress) as z:
        if messages is not None:
            z.writestr("messages.ndjson", messages)
        for name, content in entries:
            z.writestr(name, content)
    return out.getvalue()


def old(o):
    """As versions before 2 wrote it."""
    return {k.removeprefix("__"): [old(x) for x in v] if isinstance(v, list) else old(v) if isinstance(v, dict) else v
            for k, v in o.items()}


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal()
    t.init(server)
    return t


@pytest.fixture
def known(phone, tmp_path):
    """known(bytes, name): what the app `sms` then has, as SMS XML, and what was refused."""

    def make(content, name="messages-2026-11-25.zip", expect=0):
        (tmp_path / name).write_bytes(content)
        phone.run("apps", "add", "sms", "--adapter", "sms-ie", "--path", tmp_path / name)
        phone.run("items", "sms", expect=expect)
        said = phone.stderr
        to = tmp_path / f"{name}.out.xml"
        phone.run("export", "sms", "--to", to)
        phone.run("apps", "remove", "sms")
        text = to.read_text()
        to.unlink()
        return list(ET.fromstring(text)), said

    return make


def check(messages):
    sent = next(m for m in messages if m.get("type") == "2")
    came = next(m for m in messages if m.get("type") == "1")
    mms = next(m for m in messages if m.tag == "mms")
    assert sent.get("body") == "Yes" and came.get("body") == SMS["body"] and came.get("contact_name") == "Jane"
    assert came.get("date") == "1373942574321" and came.get("address") == "+15555550000"
    assert came.get("_id") is None and came.get("thread_id") is None
    assert mms.get("date") == "1609470000000" and mms.get("address") == "+15557778888"
    picture, text = mms.find("parts")
    assert base64.b64decode(picture.get("data")) == PICTURE and text.get("text") == "look"
    assert [(a.get("type"), a.get("address")) for a in mms.find("addrs")] == \
        [("137", "+15557778888"), ("151", "+15555550000")]


def test_a_zip_and_the_older_json_say_the_same(known):
    messages, said = known(archive(("data/PART_1", PICTURE), messages=ndjson(SMS, SENT, MMS)))
    check(messages)
    assert said == ""
    inline = {**MMS, "__parts": [{**PART, "binary_data": base64.b64encode(PICTURE).decode()}, TEXT]}
    for text in (json.dumps([old(m) for m in (SMS, SENT, inline)], indent=4), json.dumps([old(SMS), old(SENT), old(inline)])):
        messages, said = known(text.encode(), "messages-2022-01-01.json")
        check(messages)
        assert said == ""


def test_in_a_folder_the_last_export_by_name_is_read(phone, tmp_path):
    for day, body in ((24, "old"), (25, "new")):
        (tmp_path / f"messages-2026-11-{day}.zip").write_bytes(archive(messages=ndjson({**SMS, "body": body})))
    (tmp_path / "zz.zip").write_bytes(b"PK")
    phone.run("apps", "add", "last", "--adapter", "sms-ie", "--path", tmp_path)
    assert [i["name"] for i in phone.run("items", "last")] == ["new"]
    (tmp_path / "messages-2026-11-26.zip").write_bytes(archive(messages=ndjson({**SMS, "body": "newest"}, SENT)))
    assert sorted(i["name"] for i in phone.run("items", "last")) == ["Yes", "newest"]
    phone.run("apps", "remove", "last")


def test_a_backup_of_an_export_goes_into_another_app_of_messages(make_terminal, server, tmp_path):
    a, b = make_terminal(), make_terminal()
    a.init(server)
    b.join(a)
    (tmp_path / "messages.zip").write_bytes(archive(("data/PART_1", PICTURE), messages=ndjson(SMS, SMS, SENT, MMS)))
    a.run("apps", "add", "messages", "--adapter", "sms-ie", "--path", tmp_path / "messages.zip")
    a.run("add", "messages", "--all")
    assert len(a.run("backup")["uploaded"]) == 4
    assert a.run("backup")["uploaded"] == []
    b.app("texts", "sms-xml", {})
    told = b.run("restore", "messages", "--from", a.device, "--into", "texts")
    assert [i["result"] for i in told["items"]] == ["added"] * 4, told
    there = ET.fromstring((b.phone / "texts/messages.xml").read_text())
    assert sorted(m.tag for m in there) == ["mms", "sms", "sms", "sms"]
    assert base64.b64decode(there.find("mms/parts/part").get("data")) == PICTURE
    before = tree(b.phone)
    assert b.run("restore", "messages", "--from", a.device, "--into", "texts")["written"] == 0
    assert tree(b.phone) == before

    # The export itself is only read.
    fewer = archive(messages=ndjson(SENT))
    (tmp_path / "messages.zip").write_bytes(fewer)
    told = a.run("restore", "messages", expect=3)
    assert told["written"] == 0 and "only read" in json.dumps(told)
    assert (tmp_path / "messages.zip").read_bytes() == fewer


def test_an_export_is_imported_into_any_app_of_messages(phone, tmp_path):
    folder = phone.app("texts", "sms-xml", {})
    (tmp_path / "any name.ZIP").write_bytes(archive(("data/PART_1", PICTURE), messages=ndjson(SMS, SENT, MMS)))
    told = phone.run("import", "texts", tmp_path / "any name.ZIP")
    assert [i["result"] for i in told["items"]] == ["added"] * 3
    check(list(ET.fromstring((folder / "messages.xml").read_text())))
    assert phone.run("import", "texts", tmp_path / "any name.ZIP")["written"] == 0
    (tmp_path / "old.json").write_text(json.dumps([old(SMS), old({**SENT, "body": "More"})]))
    assert sorted(i["result"] for i in phone.run("import", "texts", tmp_path / "old.json")["items"]) == \
        ["added", "identical"]


def test_broken_lines_are_named_and_their_neighbours_come(known):
    text = ndjson(SMS)[:60] + b"\n" + ndjson(SENT) + b"nonsense\n" + b'{"a": 1}\n' + ndjson({**SENT, "body": "2"}) + \
        b'{"type": "1", "body": "\xff"}\n' + ndjson(MMS)[:80]
    for content, name in ((archive(messages=text), "messages.zip"), (text, "messages.ndjson")):
        messages, said = known(content, name, expect=(0, 3))
        assert sorted(m.get("body") for m in messages) == ["2", "Yes"]
        for line in (1, 3, 4, 6, 7):
            assert f"messages:{line}:" in said, said
        assert "messages:2:" not in said and "messages:5:" not in said


def test_a_zip_with_odd_names_and_entries_gives_its_messages(known, tmp_path):
    outside = {**MMS, "m_id": "m2", "__parts": [{**PART, "_data": "../../../etc/passwd"}]}
    messages, said = known(archive(
        ("../outside", b"x"), ("/etc/x", b"x"), ("data/../up", b"x"), ("data/", b""), ("data/sub/PART_1", b"wrong"),
        ("data/PART_1", PICTURE), ("data/PART_1", b"second"), ("messages.ndjson", ndjson({**SMS, "body": "twice"})),
        ("data/Ünï.jpg", b"u"), messages=ndjson(SMS, SENT, MMS, outside)))
    assert len(messages) == 4
    check([m for m in messages if m.get("m_id") != "m2"])
    assert next(m for m in messages if m.get("m_id") == "m2").find("parts/part").get("data") is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["messages-2026-11-25.zip"]


def test_a_part_that_was_not_exported_is_missing_and_the_message_comes(known):
    messages, said = known(archive(messages=ndjson(MMS), compress=zipfile.ZIP_STORED))
    assert len(messages) == 1 and messages[0].find("parts/part").get("data") is None and said == ""


@pytest.mark.parametrize("what, said", [
    (b"", "no export of SMS Import / Export"),
    (b"\x89PNG", "no export of SMS Import / Export"),
    (archive(("other.txt", b"x")), "no messages.ndjson"),
    (archive(messages=b" " * (80 << 20)), "unpacks to more than 200 times its size"),
    (b"PK\3\4" + b"\0" * 40, "no messages.ndjson"),
    (b"PK\3\4", "no messages.ndjson"),
], ids=["nothing", "a picture", "another file", "a bomb", "zeros", "a beginning"])
def test_what_is_no_export_is_said(phone, tmp_path, what, said):
    (tmp_path / "messages.zip").write_bytes(what)
    if "no export" in said:
        assert said in phone.error("apps", "add", "bad", "--adapter", "sms-ie", "--path", tmp_path / "messages.zip")["message"]
        return
    phone.run("apps", "add", "bad", "--adapter", "sms-ie", "--path", tmp_path / "messages.zip")
    told = phone.run("items", "bad", expect=(0, 1, 3))
    assert said in phone.stderr + json.dumps(told), phone.stderr
    phone.run("apps", "remove", "bad")


def test_a_zip_that_is_cut_gives_what_is_whole_and_says_so(phone, tmp_path):
    many = [{**SENT, "body": f"{i} " + "x" * 50, "date": str(1373942574321 + 7919 * i)} for i in range(3000)]
    whole = archive(("data/PART_1", PICTURE * 40), messages=ndjson(*many), compress=zipfile.ZIP_STORED)
    for part in (2, 3):
        (tmp_path / "messages.zip").write_bytes(whole[: len(whole) // part])
        phone.run("apps", "add", "cut", "--adapter", "sms-ie", "--path", tmp_path / "messages.zip")
        items = phone.run("items", "cut", expect=(0, 3))
        assert 500 < len(items) < 3000
        assert "messages:" in phone.stderr or "damaged" in phone.stderr
        phone.run("apps", "remove", "cut")


def test_an_encrypted_or_lying_zip_is_refused(phone, tmp_path):
    raw = bytearray(archive(messages=ndjson(SMS)))
    struct.pack_into("<H", raw, 6, 1)  # the local header says: encrypted
    struct.pack_into("<H", raw, raw.rindex(b"PK\1\2") + 8, 1)
    (tmp_path / "messages.zip").write_bytes(raw)
    phone.run("apps", "add", "locked", "--adapter", "sms-ie", "--path", tmp_path / "messages.zip")
    assert phone.run("items", "locked", expect=(0, 3)) == []
    assert "damaged" in phone.stderr
    phone.run("apps", "remove", "locked")
