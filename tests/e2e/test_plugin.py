# SPDX-License-Identifier: Apache-2.0
"""An app that Cloudbox knows nothing of, through a plug-in: the one that docs/guide/plugin.md builds, and ones
that flood, hang, lie, die and speak garbage."""
import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import time

import pytest

import phone as phones_of
from programs import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/notes-plugin/notes.py"
BAD = pathlib.Path(__file__).with_name("bad_plugin.py")


def code_of(page):
    """The Python of a page of the guide, its blocks one behind the other."""
    return "".join(re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.M | re.S))


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The plug-in as somebody has it who types the guide."""
    path = tmp_path_factory.mktemp("plugin") / "notes.py"
    path.write_text(code_of(ROOT / "docs/guide/plugin.md"))
    path.chmod(0o755)
    return path


def note(id, title, text="", *tags):
    return {"id": id, "title": title, "text": text, "tags": list(tags), "changed": 1732500000}


def notes_file(t):
    return t.phone / "notes.json"


def write(t, *notes):
    notes_file(t).write_text(json.dumps(notes))


def read(t):
    """The notes by id, without when they changed."""
    return {n["id"]: {k: n[k] for k in ("title", "text", "tags")} for n in json.loads(notes_file(t).read_text())}


def know(t, program, *notes, expect=0):
    write(t, *notes)
    return t.run("apps", "add", "notes", "--adapter", "plugin", "--path", program, "--set",
                 f"file={notes_file(t)}", expect=expect)


@pytest.fixture
def phones(make_terminal, server):
    a, b = make_terminal(), make_terminal()
    a.init(server)
    b.join(a)
    return a, b


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal()
    t.init(server)
    t.documents({"a.txt": b"a"})
    t.run("add", "documents", "--all")
    return t


def backup(t):
    t.run("add", "notes", "--all")
    return t.run("backup")


def log_of(t):
    return (t.folder / ".local/state/cloudbox/plugin-notes.log").read_text()


def test_the_guides_code_is_the_example_in_both_languages():
    for page in ("plugin.md", "plugin.zh-CN.md"):
        assert code_of(ROOT / "docs/guide" / page) == EXAMPLE.read_text(), page
    assert os.stat(EXAMPLE).st_mode & stat.S_IXUSR


def test_notes_of_a_made_up_app_go_out_and_come_back_field_by_field(phones, program):
    a, b = phones
    know(a, program, note("1", "Shopping", "milk\nbread", "home"), note("2", "Ideas"), note("3", "雨, and; 🦀", "a\\b"))
    listed = {i["id"]: i for i in a.run("items", "notes")}
    assert sorted(i["name"] for i in listed.values()) == ["Ideas", "Shopping", "雨, and; 🦀"]
    assert {i["type"] for i in listed.values()} == {"text/x-cloudbox-record"} and set(listed) == {"1", "2", "3"}
    assert len(backup(a)["uploaded"]) == 3
    assert a.run("backup")["uploaded"] == []

    # both sides change
    know(b, program, note("1", "Shopping", "milk", "shop"), note("9", "Mine"))
    before = notes_file(b).read_bytes()
    told = b.run("restore", "notes", "--from", a.device, "--preview")
    assert notes_file(b).read_bytes() == before
    told = b.run("restore", "notes", "--from", a.device)
    assert sorted(i["result"] for i in told["items"]) == ["added", "added", "merged"], told
    assert read(b) == {
        "1": {"title": "Shopping", "text": "milk", "tags": ["shop", "home"]},  # the text that was here stays
        "9": {"title": "Mine", "text": "", "tags": []},
        "2": {"title": "Ideas", "text": "", "tags": []},
        "3": {"title": "雨, and; 🦀", "text": "a\\b", "tags": []},
    }
    [held] = b.run("held", "notes")
    assert (held["field"], held["backup"]) == ("TEXT", "milk\nbread")
    again = notes_file(b).read_bytes()
    told = b.run("restore", "notes", "--from", a.device)
    assert notes_file(b).read_bytes() == again and told["written"] == 0

    b.run("take", "notes", "1", "TEXT")
    assert read(b)["1"]["text"] == "milk\nbread"
    for _ in range(2):
        b.run("undo")
    assert read(b) == {"1": {"title": "Shopping", "text": "milk", "tags": ["shop"]},
                       "9": {"title": "Mine", "text": "", "tags": []}}


def test_a_blank_phone_gets_its_notes_back_and_undo_takes_them_away(phones, program):
    a, b = phones
    know(a, program, *(note(f"n{i}", f"Note {i}", "x" * i, "t") for i in range(200)))
    backup(a)
    know(b, program)
    told = b.run("restore", "notes", "--from", a.device)
    assert {i["result"] for i in told["items"]} == {"added"} and read(b) == read(a)
    b.run("undo")
    assert read(b) == {}


def test_an_open_app_is_named_and_nothing_is_written(phones, program):
    a, b = phones
    know(a, program, note("1", "One"))
    backup(a)
    know(b, program)
    lock = pathlib.Path(f"{notes_file(b)}.lock")
    lock.touch()
    told = b.run("restore", "notes", "--from", a.device, expect=3)
    assert [i["result"] for i in told["items"]] == ["failed"] and told["written"] == 0
    assert "Notes is open" in told["items"][0]["reason"] and "close it and try again" in told["items"][0]["reason"]
    assert read(b) == {}
    lock.unlink()
    b.run("restore", "notes", "--from", a.device)
    assert set(read(b)) == {"1"}


def test_a_plugin_is_started_with_a_clean_environment_and_nothing_of_ours_open(phone, tmp_path):
    t = phone
    probe = tmp_path / "probe.py"
    probe.write_text(f"#!{sys.executable}\nimport json, os, sys\n"
                     "for line in sys.stdin: break\n"
                     f"json.dump([dict(os.environ), os.getcwd(), os.getpgrp() == os.getpid(), "
                     f"sorted(os.listdir('/proc/self/fd'))], open({str(tmp_path / 'seen')!r}, 'w'))\n"
                     "print(json.dumps({'error': 'that will do'}))\n")
    probe.chmod(0o755)
    error = t.error("apps", "add", "probe", "--adapter", "plugin", "--path", probe, env={"SECRET": "x"})
    assert "that will do" in error["message"] and "probe" in error["message"]
    env, folder, own_group, files = json.loads((tmp_path / "seen").read_text())
    assert set(env) <= {"HOME", "PATH", "LANG", "LANGUAGE", "TZ", "LC_CTYPE"} and env["HOME"] == str(t.folder)
    assert folder == "/" and own_group
    assert files == ["0", "1", "2", "3"]  # 3: the listing itself


def test_what_is_no_program_is_refused_when_it_is_added(phone, tmp_path):
    t = phone

    def add(path, *more):
        return t.error("apps", "add", "notes", "--adapter", "plugin", "--path", path, *more, expect=(1, 2))

    plain = tmp_path / "plain.py"
    plain.write_text("#!/usr/bin/env python3\n")
    assert "is no program" in add(plain)["message"] and "chmod +x" in add(plain)["hint"]
    plain.chmod(0o757)
    assert "anybody can change" in add(plain)["message"]
    plain.chmod(0o755)
    assert "ended with status 0" in add(plain)["message"]
    plain.write_text("#!/nowhere/python\n")
    assert "cannot start" in add(plain)["message"]
    assert "is no program" in add(tmp_path)["message"]
    assert "1 to 3600 seconds" in add(BAD, "--set", "timeout-s=0")["message"]
    assert "notes" not in [app["name"] for app in t.run("apps")]


HELLO = '{"cloudbox": 1, "name": "x", "type": "text/x-cloudbox-record"}'

# What is done at which request, and what is said of it.
WRONG = [
    ("hello", "flood", "a line of more than 16 MiB"),
    ("hello", "hang", "said nothing for 1 s"),
    ("hello", "drip", "said nothing for 1 s"),
    ("hello", "log", "said nothing for 1 s"),
    ("hello", "die", "ended with status 7"),
    ("hello", "killed", "ended by signal 11"),
    ("hello", "close", "closed its output"),
    ("hello", "hello there", "not one JSON object"),
    ("hello", "", "not one JSON object"),
    ("hello", "[1]", "not one JSON object"),
    ("hello", HELLO + HELLO, "not one JSON object"),
    ("hello", HELLO.replace("1", "2"), "speaks version 2"),
    ("hello", HELLO.replace("text/x", "image/x"), "a type that is not known here"),
    ("hello", HELLO[:-1] + ', "single": ["A B"]}', 'no good "single"'),
    ("hello", "error", "plug-in of notes-14: no room"),
    ("revision", "die", "ended with status 7"),
    ("revision", '{"revision": ""}', 'no good "revision"'),
    ("revision", '{"id": "x"}', 'no answer to "revision"'),
    ("revision", '{"revision": "2"}\n{"revision": "2"}', "says more than it was asked"),
    ("list", "lines", "names one id twice"),
    ("list", '{"id": "one"}\n{"end": 2}', "not the number it says"),
    ("list", '{"id": "' + "x" * 600 + '"}', 'no good "id"'),
    ("read", "die", "ended with status 7"),
    ("read", '{"item": {"id": "two", "fields": {}}}', "another item than it was asked for"),
    ("read", '{"item": {"id": "one", "fields": {"TITLE": 5}}}', 'no good "fields"'),
    ("read", '{"item": {"id": "one", "fields": {"BEGIN": "VITEM"}}}', "a field's name that is none"),
    ("read", '{"item": {"id": "one", "fields": {"A": "\\u0000"}}}', 'no good "fields"'),
]


@pytest.mark.parametrize("nth, at, what, said", [(i, *wrong) for i, wrong in enumerate(WRONG)],
                         ids=[f"{at}-{i}" for i, (at, _, _) in enumerate(WRONG)])
def test_a_bad_plugin_is_told_by_name_and_harms_nothing(phone, nth, at, what, said):
    name = f"notes-{nth}"
    add = ("apps", "add", name, "--adapter", "plugin", "--path", BAD, "--set", "timeout-s=1")
    if at == "hello":
        error = phone.error(*add, "--set", f"at={at}", "--set", f"do={what}")
        assert said in error["message"] and name in error["message"], error
        assert name not in [app["name"] for app in phone.run("apps")]
        return
    phone.run(*add)
    phone.run("add", name, "--all")
    phone.run("backup")
    # From now on it is bad: what was known of its item stays known, and the others go on.
    if at != "revision":  # or nothing would be read
        phone.run("apps", "remove", name)
    phone.run(*add, "--set", f"at={at}", "--set", f"do={what}")
    (phone.phone / "documents/a.txt").write_text(f"changed {nth}")
    told = phone.run("backup", expect=(0, 3))
    assert [i["app"] for i in told["uploaded"]] == ["documents"], told
    noted = json.dumps(told, ensure_ascii=False) + phone.stderr
    items = phone.run("items", name, expect=(0, 1, 3))
    noted += json.dumps(items) + phone.stderr
    assert said in noted.replace('\\"', '"') and name in noted, noted
    phone.run("apps", "remove", name)


def test_what_a_plugin_writes_to_standard_error_goes_to_its_log(phone):
    t = phone
    for what in ("die", "log"):
        t.error("apps", "add", "notes", "--adapter", "plugin", "--path", BAD, "--set", "timeout-s=1",
                "--set", "at=hello", "--set", f"do={what}")
        assert "had enough" in log_of(t)
    assert 1000 < len(log_of(t)) < 70000
    assert stat.S_IMODE(os.stat(t.folder / ".local/state/cloudbox/plugin-notes.log").st_mode) == 0o600


def test_nothing_that_a_plugin_started_stays(phone, tmp_path):
    t = phone
    parent = tmp_path / "parent.py"
    parent.write_text("#!/usr/bin/env python3\nimport subprocess, sys, signal\n"
                      "for line in sys.stdin: break\n"
                      "child = subprocess.Popen(['sleep', '600'])\n"
                      f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\nsignal.pause()\n")
    parent.chmod(0o755)
    t.error("apps", "add", "notes", "--adapter", "plugin", "--path", parent, "--set", "timeout-s=1")
    pid = int((tmp_path / "pid").read_text())
    end = time.monotonic() + 10
    while pathlib.Path(f"/proc/{pid}/stat").exists() and \
            pathlib.Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z":
        assert time.monotonic() < end, subprocess.run(["ps", "-p", str(pid)], capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def account(make_terminal, server, program):
    a = make_terminal()
    a.init(server)
    know(a, program, note("1", "Shopping", "", "home"), note("2", "Ideas"))
    backup(a)
    return a


KILLER = """#!/usr/bin/python3
import os, runpy, signal, sys
at, when = {at!r}, {when!r}
notes = runpy.run_path({example!r})
whole = getattr(notes["Notes"], at)

def deadly(self, asked):
    if when == "before":
        os.kill(os.getppid(), signal.SIGKILL)
    answers = list(whole(self, asked))
    if when == "after":
        os.kill(os.getppid(), signal.SIGKILL)
    return answers

setattr(notes["Notes"], at, deadly)
notes["main"]()
"""


@pytest.mark.parametrize("at, when", [("add", "after"), ("replace", "before"), ("commit", "before"), ("commit", "after")])
def test_a_restore_that_is_killed_between_two_steps_leaves_all_or_nothing_and_goes_on(
        account, make_terminal, program, tmp_path, at, when):
    a = account
    b = make_terminal()
    b.join(a)
    mine = [note("1", "Shopping", "", "mine"), note("9", "Mine")]
    killer = tmp_path / "killer.py"
    killer.write_text(KILLER.format(at=at, when=when, example=str(program)))
    killer.chmod(0o755)
    know(b, killer, *mine)
    before = read(b)
    b.run("restore", "notes", "--from", a.device, expect=-9, json=False)
    after = {**before, "1": {**before["1"], "tags": ["mine", "home"]}, "2": {"title": "Ideas", "text": "", "tags": []}}
    # A commit that was asked for comes to its end, whether or not anybody is left to hear of it.
    wait_until(lambda: read(b) == (after if at == "commit" else before), "all, or nothing, is written")
    b.run("apps", "add", "notes", "--adapter", "plugin", "--path", program, "--set", f"file={notes_file(b)}")
    b.run("restore", "notes", "--from", a.device)
    assert read(b) == after
    b.run("undo")
    assert read(b) == before


def test_an_app_that_changes_in_the_middle_of_a_restore_keeps_its_change(account, make_terminal, program, tmp_path):
    """The app writes between what Cloudbox read and what it commits."""
    b = make_terminal()
    b.join(account)
    meddler = tmp_path / "meddler.py"
    meddler.write_text("#!/usr/bin/python3\nimport json, os, runpy\n"
                       f"notes = runpy.run_path({str(program)!r})\nwhole = notes['Notes'].commit\n\n"
                       "def commit(self, asked):\n"
                       "    saved = self.load()\n    saved['9']['text'] = 'written meanwhile'\n"
                       "    with open(self.file, 'w') as file:\n        json.dump(list(saved.values()), file)\n"
                       "    return whole(self, asked)\n\n"
                       "notes['Notes'].commit = commit\nnotes['main']()\n")
    meddler.chmod(0o755)
    know(b, meddler, note("9", "Mine"))
    told = b.run("restore", "notes", "--from", account.device, expect=(1, 3))
    assert "changed in the meantime" in json.dumps(told)
    assert read(b) == {"9": {"title": "Mine", "text": "written meanwhile", "tags": []}}
    b.run("apps", "add", "notes", "--adapter", "plugin", "--path", program, "--set", f"file={notes_file(b)}")
    b.run("restore", "notes", "--from", account.device)
    assert set(read(b)) == {"1", "2", "9"} and read(b)["9"]["text"] == "written meanwhile"


def test_without_the_plugin_here_its_items_become_files_that_say_all(phones, program, tmp_path):
    a, b = phones
    know(a, program, note("1", "Shopping", "milk\nbread", "home", "todo"), note("2", "Ideas"))
    backup(a)
    out = tmp_path / "out"
    assert b.run("restore", "notes", "--from", a.device, "--create", out)["written"] == 2
    made = {path.name: path.read_text() for path in (out / "notes").iterdir()}
    assert len(made) == 2 and all(name.endswith(".vitem") for name in made), made
    assert all(text.startswith("BEGIN:VITEM") for text in made.values())
    assert any("milk\\nbread" in text for text in made.values()), made
    assert b.run("restore", "notes", "--from", a.device, "--create", out)["written"] == 0
    # and from there into the app again
    b.run("apps", "add", "kept", "--adapter", "vitem", "--path", out / "notes")
    b.run("add", "kept", "--all")
    b.run("backup", "kept")
    know(b, program)
    b.run("restore", "kept", "--into", "notes")
    assert read(b) == read(a)


CARDS = """#!/usr/bin/python3
import json, sys
file, new = None, None
for line in sys.stdin.buffer:
    asked = json.loads(line)
    do = asked["do"]
    if do == "hello":
        file = asked["set"]["file"]
        say = [{"cloudbox": 1, "name": "Cards", "type": "text/vcard", "single": ["NOTE"], "drops": ["X-ODD"], "writes": True}]
    cards = json.load(open(file))
    if do == "revision":
        say = [{"revision": json.dumps(cards)[:500]}]
    elif do == "list":
        say = [{"id": id} for id in cards] + [{"end": len(cards)}]
    elif do == "read":
        say = [{"item": {"id": id, "text": (new or cards)[id]}} for id in asked["ids"]]
    elif do == "add":
        new[f"card {len(new)}"] = asked["item"]["text"]
        say = [{"id": f"card {len(new) - 1}"}]
    elif do == "replace":
        assert new[asked["id"]] == asked["was"]["text"]
        new[asked["id"]] = asked["item"]["text"]
        say = [{"ok": True}]
    elif do in ("begin", "commit", "rollback"):
        if do == "commit":
            json.dump(new, open(file, "w"))
        new, say = dict(cards) if do == "begin" else None, [{"ok": True}]
    for answer in say:
        print(json.dumps(answer))
    sys.stdout.flush()
"""


def test_contacts_of_a_plugin_are_contacts_and_cross_into_other_apps(make_terminal, server, tmp_path):
    a, b = make_terminal(), make_terminal()
    a.init(server)
    b.join(a)
    program = tmp_path / "cards.py"
    program.write_text(CARDS)
    program.chmod(0o755)
    store = tmp_path / "cards.json"
    anna = phones_of.card("Anna", uid="anna", tel="+491701", lines=["NOTE:mine"]).decode()
    store.write_text(json.dumps({"card 0": anna}))
    a.run("apps", "add", "cards", "--adapter", "plugin", "--path", program, "--set", f"file={store}")
    assert [(i["name"], i["type"]) for i in a.run("items", "cards")] == [("Anna", "text/vcard")]
    a.run("add", "cards", "--all"), a.run("backup")
    folder = b.contacts({"bo": phones_of.card("Bo", uid="bo", tel="+492", lines=["X-ODD:1"]),
                         "anna": phones_of.card("Anna", uid="anna", tel="+493", lines=["NOTE:theirs"])})
    b.run("restore", "cards", "--from", a.device, "--into", "contacts")
    merged = (folder / "anna.vcf").read_bytes()
    assert b"+491701" in merged and b"+493" in merged and b"NOTE:theirs" in merged

    b.run("add", "contacts", "--all"), b.run("backup")
    told = a.run("restore", "contacts", "--from", b.device, "--into", "cards")
    assert sorted(i["result"] for i in told["items"]) == ["added", "merged"], told
    [left] = [i["fields_left"] for i in told["items"] if i["name"] == "Bo"]
    assert [f["field"] for f in left] == ["X-ODD"]
    cards = json.loads(store.read_text())
    assert "+493" in cards["card 0"] and "NOTE:mine" in cards["card 0"] and "theirs" not in cards["card 0"]
    assert "X-ODD" not in cards["card 1"] and "+492" in cards["card 1"]
    assert a.run("restore", "contacts", "--from", b.device, "--into", "cards")["written"] == 0
