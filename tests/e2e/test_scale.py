# SPDX-License-Identifier: Apache-2.0
"""Many contacts and messages: one difference is one write, and memory grows by little for each item.

$CLOUDBOX_SCALE gives the numbers of items ("1000,10000,100000"); the default is what `make check`
has the time for.  Figures are printed: `make check-scale` shows them."""
import os
import random
import resource
import time

import pytest

from phone import people
from programs import put

SCALES = [int(n) for n in os.environ.get("CLOUDBOX_SCALE", "2000").split(",")]
MIB = 1 << 20
# Caches and one group of items; for each contact where it lies, here, in the cloud and in the result.  At 100,000
# that is 19 MiB: 16 above the 3.3 of an idle process.
FIXED_BYTES, CONTACT_BYTES = 9 * MIB, 105
LISTED_BYTES = 80  # for each item of a list
GROUP_BYTES = 8 * MIB  # 5,000 records and the batch that is made of them


def anonymous_bytes(pid):
    """What a process has of its own memory at this moment; None once it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return None


def after_the_passphrase(seen):
    """From where it was stretched: Argon2id takes more than everything else, and gives it back."""
    at = max(i for i, now in enumerate(seen) if now >= max(seen) / 2)
    while at + 1 < len(seen) and seen[at + 1] <= seen[at]:
        at += 1
    return seen[at:]


def watched(terminal, *args, passphrase=True):
    """A command's JSON, its peak of memory and its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    running = terminal.start(*args)
    seen = []
    while running.is_alive():
        now = anonymous_bytes(running.pid)
        if now is not None:
            seen.append(now)
        time.sleep(0.002)
    told = running.finish(expect=0)
    assert running.stderr == ""  # the list of what is backed up was proven
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return told, max(after_the_passphrase(seen) if passphrase else seen), cpu


def listed(terminal, what, n, *args, passphrase=False):
    """A command that passes over all items, within the bound of lists; its JSON."""
    told, peak, cpu = watched(terminal, *args, passphrase=passphrase)
    print(f"{what:38} {n:7} items     {peak / MIB:6.1f} MiB  {cpu:6.2f} s CPU")
    assert peak < FIXED_BYTES + n * LISTED_BYTES
    return told


def stamps(folder):
    return {entry.name: (entry.stat().st_ino, entry.stat().st_mtime_ns) for entry in os.scandir(folder)}


def told_figures(what, n, told, peak, cpu):
    print(f"{what:38} {n:7} contacts  {peak / MIB:6.1f} MiB  {cpu:6.2f} s CPU  "
          f"{told['requests']:4} requests  {told['written']:6} written")
    assert peak < FIXED_BYTES + n * CONTACT_BYTES


def imported(terminal, what, n, app, path, **want):
    told, peak, cpu = watched(terminal, "import", app, path, passphrase=False)
    told_figures(what, n, told, peak, cpu)
    results = [i["result"] for i in told["items"]]
    assert {one: results.count(one) for one in want} == want and len(results) == n


def backed_up(terminal, what, n):
    told, peak, cpu = watched(terminal, "backup", passphrase=False)
    assert peak < FIXED_BYTES + n * LISTED_BYTES + (GROUP_BYTES if told["uploaded"] else 0)
    print(f"{what:38} {n:7} contacts  {peak / MIB:6.1f} MiB  {cpu:6.2f} s CPU  "
          f"{told['requests']:4} requests  {told['bytes_sent']:9} bytes sent")
    return told


@pytest.fixture(scope="module", params=SCALES)
def cards(request):
    return people(request.param)


def saved(terminal, server, path, cards, as_one):
    terminal.init(server)
    if as_one:
        path.write_bytes(b"".join(cards.values()))
    else:
        path.mkdir()
        put(path, {f"{name}.vcf": raw for name, raw in cards.items()})
    terminal.run("apps", "add", "contacts", "--adapter", "vcard", "--path", path)
    assert len(listed(terminal, "add --all", len(cards), "add", "contacts", "--all", "--yes")["added"]) == len(cards)
    backed_up(terminal, "the first backup", len(cards))
    again = backed_up(terminal, "a backup, nothing changed", len(cards))
    assert again["bytes_sent"] == 0 and again["requests"] == 0


def one_number_lost(raw):
    return b"\r\n".join(line for line in raw.split(b"\r\n") if not line.startswith(b"TEL"))


def test_one_difference_among_many_files_is_one_write(make_terminal, server, cards):
    t, n = make_terminal("many files"), len(cards)
    folder = t.phone / "contacts"
    saved(t, server, folder, cards, as_one=False)
    path = folder / "p00007.vcf"
    path.write_bytes(one_number_lost(path.read_bytes()))
    before = stamps(folder)
    told, peak, cpu = watched(t, "restore", "contacts")
    told_figures("a folder, one difference", n, told, peak, cpu)
    after = stamps(folder)
    assert [name for name in after if before.get(name) != after[name]] == ["p00007.vcf"]
    assert len(after) == n and told["written"] == 1
    assert sorted(i["result"] for i in told["items"]) == ["identical"] * (n - 1) + ["merged"]
    for entry in list(os.scandir(folder)):
        os.unlink(entry.path)
    told, peak, cpu = watched(t, "restore", "contacts")
    told_figures("a folder, all lost", n, told, peak, cpu)
    assert told["written"] == n
    assert {name: (folder / f"{name}.vcf").read_bytes() for name in cards} == cards


def test_one_difference_in_a_large_file_is_one_file_written_once(make_terminal, server, cards):
    t, n = make_terminal("one file"), len(cards)
    path = t.phone / "all.vcf"
    saved(t, server, path, cards, as_one=True)
    whole = path.read_bytes()
    changed = whole.replace(cards["p00007"], one_number_lost(cards["p00007"]))
    path.write_bytes(changed)
    told, peak, cpu = watched(t, "restore", "contacts")
    told_figures("one file, one difference", n, told, peak, cpu)
    assert told["written"] == 1
    here = path.read_bytes()
    at = whole.index(cards["p00007"])  # before it and behind it not a byte is another
    assert here[:at] == whole[:at] and here.endswith(whole[at + len(cards["p00007"]):])
    path.write_bytes(cards["p00000"])
    told, peak, cpu = watched(t, "restore", "contacts")
    told_figures("one file, all but one lost", n, told, peak, cpu)
    assert told["written"] == n - 1
    assert len(path.read_bytes()) == len(whole) and path.read_bytes().startswith(cards["p00000"])
    assert t.run("restore", "contacts")["written"] == 0


def message(i, r):
    words = " ".join(r.choice(("tea", "noon", "bring", "the", "boat", "and", "a", "lamp")) for _ in range(12))
    return (f'  <sms address="+4917{r.randrange(400):08}" date="{1300000000000 + i * 60000}" type="{1 + i % 2}" '
            f'body="{words} {i}" read="1" contact_name="(Unknown)" />\n').encode()


def smses(messages):
    return b"".join([b"<?xml version='1.0' encoding='UTF-8' ?>\n<smses count=\"%d\">\n" % len(messages),
                     *messages, b"</smses>\n"])


@pytest.mark.parametrize("n", SCALES)
def test_every_command_is_as_small_with_many_messages(make_terminal, server, n):
    t, r = make_terminal("many messages"), random.Random(n)
    t.init(server)
    messages = [message(i, r) for i in range(n)]
    folder = t.app("messages", "sms-xml", {"all.xml": smses(messages)})
    assert len(listed(t, "items", n, "items", "messages")) == n
    assert len(listed(t, "add --all", n, "add", "messages", "--all", "--yes")["added"]) == n
    assert len(listed(t, "box", n, "box", "messages")) == n
    assert listed(t, "status", n, "status")["unsaved_items"] == n
    assert len(backed_up(t, "the first backup of messages", n)["uploaded"]) == n
    assert backed_up(t, "a backup, nothing changed", n)["requests"] == 0
    assert len(listed(t, "add --all, all there", n, "add", "messages", "--all", "--yes")["updated"]) == n
    assert len(listed(t, "cloud", n, "cloud", passphrase=True)) == n
    assert listed(t, "verify", n, "verify", passphrase=True)["bad"] == []
    assert listed(t, "verify --data", n, "verify", "--data", passphrase=True)["bad"] == []
    assert listed(t, "drill --locked", n, "drill", "--locked", passphrase=True)["bad"] == []
    assert listed(t, "drill", n, "drill", passphrase=True)["proven"] == min(n, 1000)
    told, peak, cpu = watched(t, "restore", "messages")
    told_figures("messages, nothing lost", n, told, peak, cpu)
    assert told["written"] == 0
    whom = messages[0].split(b'"')[1].decode()
    of_thread = sum(f'address="{whom}"'.encode() in one for one in messages)
    put(folder, {"all.xml": smses([])})
    told, peak, cpu = watched(t, "restore", "messages", "--thread", whom)
    told_figures("messages, one thread", n, told, peak, cpu)
    assert told["written"] == of_thread == len(told["items"])
    told, peak, cpu = watched(t, "restore", "messages")
    told_figures("messages, the others", n, told, peak, cpu)
    assert told["written"] == n - of_thread
    now = (folder / "all.xml").read_bytes()
    assert sorted(line.strip() for line in now.splitlines()) == sorted(
        line.strip() for line in smses(messages).splitlines())


def test_an_import_is_as_small_with_many_messages(make_terminal, server, tmp_path, n=SCALES[-1]):
    t, r = make_terminal("an import"), random.Random(n)
    t.init(server)
    messages = smses([message(i, r) for i in range(n)])
    folder = t.app("messages", "sms-xml", {"all.xml": smses([])})
    (tmp_path / "all.xml").write_bytes(messages)
    imported(t, "messages imported", n, "messages", tmp_path / "all.xml", added=n)
    assert (folder / "all.xml").read_bytes().count(b"<sms ") == n
    imported(t, "messages imported once more", n, "messages", tmp_path / "all.xml", identical=n)


def test_an_import_is_as_small_from_a_folder_of_many_contacts(make_terminal, server, tmp_path, cards):
    t, n = make_terminal("an import of files"), len(cards)
    t.init(server)
    folder = t.contacts({})
    put(tmp_path, {f"{name}.vcf": raw for name, raw in cards.items()})
    imported(t, "contacts imported from a folder", n, "contacts", tmp_path, added=n)
    assert sorted(path.read_bytes() for path in folder.iterdir()) == sorted(cards.values())
    imported(t, "contacts imported once more", n, "contacts", tmp_path, identical=n)


def test_another_devices_messages_take_no_more_memory_than_ones_own(make_terminal, server, n=SCALES[-1]):
    a, b, r = make_terminal("a phone"), make_terminal("another phone"), random.Random(n)
    a.init(server)
    b.join(a)
    messages = [message(i, r) for i in range(n)]
    a.app("messages", "sms-xml", {"all.xml": smses(messages)})
    a.run("add", "messages", "--all", "--yes")
    a.run("backup")
    b.app("messages", "sms-xml", {"all.xml": smses([])})
    told, peak, cpu = watched(b, "restore", "messages", "--from", a.device)
    told_figures("messages of another device", n, told, peak, cpu)
    assert told["written"] == n
    told, peak, cpu = watched(b, "restore", "messages", "--from", a.device)
    told_figures("messages of another device, all there", n, told, peak, cpu)
    assert told["written"] == 0
    told, peak, cpu = watched(b, "restore", "messages", "--from", a.device, "--at", "2100-01-01T00:00:00Z")
    told_figures("messages of another device, of a moment", n, told, peak, cpu)
    assert told["written"] == 0 and len(told["items"]) == n
