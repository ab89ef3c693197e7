# SPDX-License-Identifier: Apache-2.0
"""Calendars as .ics files: an item is one event, task or memo, with the time zones that it names; what is
missing comes before the end of the calendar, everything else stays byte for byte."""
import collections
import re

import pytest

import corpus
from programs import tree, wait_until

HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nX-WR-CALNAME:Home\r\n"
TEN = "DTSTART;TZID=Europe/Berlin:20240102T100000"
NINE = "DTSTART;TZID=Europe/Berlin:20240102T090000"


def zone(name, offset="+0100"):
    return (f"BEGIN:VTIMEZONE\r\nTZID:{name}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:{offset}\r\n"
            f"TZOFFSETTO:{offset}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n")


def alarm(trigger):
    return f"BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Ring\r\nTRIGGER:{trigger}\r\nEND:VALARM"


def component(uid, *lines, kind="VEVENT", summary=None):
    return "".join(f"{line}\r\n" for line in [
        f"BEGIN:{kind}", f"UID:{uid}", f"SUMMARY:{summary or 'Event ' + uid}", *lines, f"END:{kind}"])


def calendar(*components, head=HEAD):
    return (head + "".join(components) + "END:VCALENDAR\r\n").encode()


BERLIN, HOME = zone("Europe/Berlin"), zone("Home", "+0130")
LUNCH = component("1@example.org", TEN, "DTEND;TZID=Europe/Berlin:20240102T110000")
DAILY = component("2@example.org", TEN, "RRULE:FREQ=DAILY;COUNT=9", "EXDATE;TZID=Europe/Berlin:20240104T100000")
MOVED = component("2@example.org", "RECURRENCE-ID;TZID=Europe/Berlin:20240103T100000",
                  "DTSTART;TZID=Europe/Berlin:20240103T120000", summary="Moved")
OTHER = MOVED.replace("20240103", "20240105")
TASK = component("3@example.org", "DUE:20240102T100000Z", kind="VTODO")
MEMO = component("4@example.org", "DTSTART;VALUE=DATE:20240102", kind="VJOURNAL")


@pytest.fixture
def phones(make_terminal, server):
    """Two phones of one account, each with the app `calendar` of these files."""

    def make(mine, theirs, adapter="ical"):
        a, b = make_terminal(), make_terminal()
        a.init(server)
        b.join(a)
        for t, files in ((a, mine), (b, theirs)):
            t.app("calendar", adapter, files)
        return a, b

    return make


def backup(t, app="calendar", **how):
    t.run("add", app, "--all", **how)
    return t.run("backup", **how)


def results(told):
    return collections.Counter(i["result"] for i in told["items"])


def restored(t, other, app="calendar", **want):
    told = t.run("restore", app, "--from", other.device)
    assert results(told) == want, told
    again = tree(t.phone)
    assert t.run("restore", app, "--from", other.device)["written"] == 0
    assert tree(t.phone) == again, "a second restore wrote something"
    return told


def test_missing_events_come_before_the_end_and_undo_takes_them_away_byte_for_byte(phones):
    before = calendar(BERLIN, LUNCH, TASK)
    a, b = phones({"a.ics": calendar(BERLIN, LUNCH, DAILY, MOVED)}, {"b.ics": before})
    backup(a), backup(b)
    restored(b, a, identical=1, added=2)
    now = (b.phone / "calendar/b.ics").read_bytes()
    assert now in [calendar(BERLIN, LUNCH, TASK, *more) for more in ([DAILY, MOVED], [MOVED, DAILY])]
    b.run("undo")
    assert (b.phone / "calendar/b.ics").read_bytes() == before
    restored(a, b, identical=1)  # swapped; the task is another app's


def test_an_event_brings_its_time_zones_along_and_takes_them_away_again(phones):
    odd = component("5@example.org", "DTSTART;TZID=Home:20240102T100000")
    later = component("6@example.org", "DTSTART;TZID=Home:20240103T100000")
    before = calendar(LUNCH)
    a, b = phones({"a.ics": calendar(HOME, BERLIN, odd, later)}, {"b.ics": before})
    backup(a), backup(b)
    restored(b, a, added=2)
    now = (b.phone / "calendar/b.ics").read_bytes()
    assert now.count(b"TZID:Home") == 1 and now.count(b"TZID:Europe/Berlin") == 0
    assert now in [calendar(LUNCH, HOME, *more) for more in ([odd, later], [later, odd])]
    b.run("undo")
    assert (b.phone / "calendar/b.ics").read_bytes() == before


def test_a_zone_that_something_else_came_to_name_stays(phones):
    odd = component("5@example.org", "DTSTART;TZID=Home:20240102T100000")
    mine = component("7@example.org", "DTSTART;TZID=Home:20240104T100000")
    a, b = phones({"a.ics": calendar(HOME, odd)}, {"b.ics": calendar(LUNCH)})
    backup(a), backup(b)
    restored(b, a, added=1)
    file = b.phone / "calendar/b.ics"
    assert file.read_bytes() == calendar(LUNCH, HOME, odd)
    file.write_bytes(calendar(LUNCH, HOME, odd, mine))
    b.run("undo", expect=None)
    now = file.read_bytes().decode()
    assert odd not in now and mine in now and HOME in now


def test_a_zone_of_the_same_name_that_says_something_else_is_never_replaced(phones):
    odd = component("5@example.org", "DTSTART;TZID=Home:20240102T100000")
    before = calendar(zone("Home", "-0500"), component("8@example.org", "DTSTART;TZID=Home:20240102T100000"))
    a, b = phones({"a.ics": calendar(HOME, odd, LUNCH, BERLIN)}, {"b.ics": before})
    backup(a), backup(b)
    told = b.run("restore", "calendar", "--from", a.device, expect=3)
    assert results(told) == {"added": 1, "failed": 1}, told
    assert "time zone" in str(told)
    now = (b.phone / "calendar/b.ics").read_bytes()
    assert odd.encode() not in now and LUNCH.encode() in now and before[:-15] in now


def test_two_moved_occurrences_are_both_there_and_an_exception_only_here_stays(phones):
    here = DAILY.replace("EXDATE;TZID=Europe/Berlin:20240104T100000", "EXDATE;TZID=Europe/Berlin:20240106T100000")
    a, b = phones({"a.ics": calendar(BERLIN, DAILY, OTHER)}, {"b.ics": calendar(BERLIN, here, MOVED)})
    backup(a), backup(b)
    restored(b, a, merged=1, added=1)
    now = (b.phone / "calendar/b.ics").read_bytes().decode()
    assert MOVED in now and OTHER in now
    assert "EXDATE;TZID=Europe/Berlin:20240106T100000\r\nEXDATE;TZID=Europe/Berlin:20240104T100000\r\nEND" in now


def test_another_start_is_held_and_its_alarm_too_until_it_is_taken(phones):
    mine = component("1@example.org", NINE)
    a, b = phones({"a.ics": calendar(BERLIN, component("1@example.org", TEN, "LOCATION:Here", alarm("-PT15M")))},
                  {"b.ics": calendar(BERLIN, mine)})
    backup(a), backup(b)
    told = restored(b, a, merged=1)
    fields = told["items"][0]
    assert [f["field"] for f in fields["fields_added"]] == ["LOCATION"]
    assert sorted(f["field"] for f in fields["fields_held"]) == ["DTSTART", "VALARM"]
    now = (b.phone / "calendar/b.ics").read_bytes()
    assert now == calendar(BERLIN, component("1@example.org", NINE, "LOCATION:Here"))
    b.run("take", "calendar", "1@example.org", "DTSTART")
    b.run("take", "calendar", "1@example.org", "VALARM")
    now = (b.phone / "calendar/b.ics").read_bytes()
    assert now == calendar(BERLIN, component("1@example.org", TEN, "LOCATION:Here", alarm("-PT15M")))


def test_an_alarm_comes_where_the_times_agree_and_goes_with_undo(phones):
    before = calendar(BERLIN, component("1@example.org", TEN, alarm("-PT5M")))
    a, b = phones({"a.ics": calendar(BERLIN, component("1@example.org", TEN, alarm("-PT15M"), alarm("-PT5M")))},
                  {"b.ics": before})
    backup(a), backup(b)
    restored(b, a, merged=1)
    now = (b.phone / "calendar/b.ics").read_bytes()
    assert now == calendar(BERLIN, component("1@example.org", TEN, alarm("-PT15M"), alarm("-PT5M")))
    b.run("undo")
    assert (b.phone / "calendar/b.ics").read_bytes() == before


@pytest.mark.parametrize("adapter, item", [("ical-tasks", TASK), ("ical-memos", MEMO)])
def test_tasks_and_memos_of_the_same_file_are_apps_of_their_own(phones, adapter, item):
    before = calendar(LUNCH)
    a, b = phones({"a.ics": calendar(BERLIN, LUNCH, TASK, MEMO)}, {"b.ics": before}, adapter)
    assert len(a.run("items", "calendar")) == 1
    backup(a)
    restored(b, a, added=1)
    assert (b.phone / "calendar/b.ics").read_bytes() == calendar(LUNCH, item)
    b.run("undo")
    assert (b.phone / "calendar/b.ics").read_bytes() == before


def test_a_blank_phone_gets_a_calendar_of_its_own(phones):
    a, b = phones({"a.ics": calendar(BERLIN, LUNCH, DAILY)}, {})
    backup(a)
    restored(b, a, added=2)
    now = tree(b.phone)["calendar/calendar.ics"].decode()
    assert now.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:") and now.endswith("END:VCALENDAR\r\n")
    assert now.count(BERLIN) == 1 and LUNCH in now and DAILY in now


def one_each(n):
    """Series of one moved occurrence."""
    return [c.replace("2@example.org", f"n{i}@example.org") for i in range(n) for c in (DAILY, MOVED)]


def uids(files):
    return {name: set(re.findall(rb"^UID:(.*?)\r", raw, re.M)) for name, raw in files.items()}


def test_a_folder_with_a_file_for_each_uid_stays_one_and_undo_takes_the_files_away(phones):
    """As vdirsyncer and Radicale keep calendars: two UIDs in a file, or one in two, are damage to them."""
    slash = component("a/b", TEN)
    a, b = phones({"a.ics": calendar(BERLIN, LUNCH, DAILY, MOVED, slash, *one_each(300))},
                  {"x.ics": calendar(LUNCH), "2@example.org.ics": calendar(BERLIN, DAILY), "n7@example.org.ics": b""})
    backup(a), backup(b)
    before = tree(b.phone)
    restored(b, a, identical=2, added=602)
    now = tree(b.phone)
    assert now["calendar/x.ics"] == calendar(LUNCH)
    assert now["calendar/2@example.org.ics"] == calendar(BERLIN, DAILY, MOVED)
    assert now["calendar/n7@example.org.ics"] == b"" and now["calendar/n7@example.org (from backup).ics"].count(b"UID:n7@") == 2
    assert len(now) == len(before) + 301
    assert all(len(those) <= 1 for those in uids(now).values()), "a file of two UIDs"
    first = now["calendar/n1@example.org.ics"].decode()
    assert first.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:") and first.count(BERLIN) == 1
    b.run("undo")
    assert tree(b.phone) == before


@pytest.mark.parametrize("moment", [1, 150])
def test_a_restore_killed_between_two_files_of_calendars_is_done_again_and_not_doubled(phones, moment):
    a, b = phones({"a.ics": calendar(BERLIN, *one_each(400))}, {"1@example.org.ics": calendar(LUNCH)})
    backup(a), backup(b)
    folder = b.phone / "calendar"
    running = b.start("restore", "calendar", "--from", a.device)
    wait_until(lambda: not running.is_alive() or len(list(folder.glob("n*.ics"))) >= moment, "it writes")
    running.kill()
    for raw in (p.read_bytes() for p in folder.glob("n*.ics")):
        assert raw.startswith(b"BEGIN:VCALENDAR") and raw.endswith(b"END:VCALENDAR\r\n"), "half a file"
    b.run("restore", "calendar", "--from", a.device)
    now = tree(b.phone)
    assert len(now) == 401 and now["calendar/1@example.org.ics"] == calendar(LUNCH)
    assert uids(now) == {name: {name[9:-4].encode()} for name in now}
    assert all(raw.count(b"BEGIN:VEVENT") == 2 for name, raw in now.items() if "/n" in name)
    assert b.run("restore", "calendar", "--from", a.device)["written"] == 0 and tree(b.phone) == now


def test_broken_calendars_give_what_is_whole_and_are_not_written(phones):
    cut = calendar(BERLIN, LUNCH, DAILY)[:-40]
    files = {"cut.ics": cut, "page.ics": b"<html>no calendar</html>\n", "empty.ics": b"",
             "utf16.ics": ("\ufeff" + calendar(MOVED).decode()).encode("utf-16-le"),
             "two.ics": calendar(component("8@example.org", NINE)) + calendar(component("9@example.org", NINE))}
    a, b = phones(files, {"b.ics": calendar(TASK, component("10@example.org", NINE))})
    told = a.run("items", "calendar", expect=(0, 3))
    assert len(told) == 4, told
    assert re.search(r"cut\.ics:\d+:\d+: expected END:VEVENT", str(told) + a.stderr)
    assert re.search(r"page\.ics:1:1: expected BEGIN:VCALENDAR", str(told) + a.stderr)
    backup(b)
    told = a.run("restore", "calendar", "--from", b.device, expect=None)
    assert results(told) == {"added": 1}
    now = tree(a.phone)
    took, = [name for name in files if now[f"calendar/{name}"] != files[name]]
    assert took == "utf16.ics" and "10@example.org" in now["calendar/utf16.ics"].decode("utf-16")


def test_a_large_calendar_is_read_in_a_window_and_written_once(phones):
    many = [component(f"{i}@example.org", TEN, "DESCRIPTION:" + "x" * 900) for i in range(3000)]
    a, b = phones({"a.ics": calendar(BERLIN, *many)}, {"b.ics": calendar(BERLIN, *many[:2999])})
    assert len((a.phone / "calendar/a.ics").read_bytes()) > 3_000_000
    backup(a), backup(b)
    restored(b, a, identical=2999, added=1)
    assert (b.phone / "calendar/b.ics").read_bytes() == calendar(BERLIN, *many)


def test_a_google_takeout_goes_into_another_calendar(phones):
    """Google writes one calendar with its zones first, instants in UTC, and much of its own."""
    head = ("BEGIN:VCALENDAR\r\nPRODID:-//Google Inc//Google Calendar 70.9054//EN\r\nVERSION:2.0\r\nCALSCALE:GREGORIAN\r\n"
            "METHOD:PUBLISH\r\nX-WR-CALNAME:anna@example.com\r\nX-WR-TIMEZONE:Europe/Berlin\r\n")
    lines = ["DTSTART:20240102T090000Z", "DTEND:20240102T100000Z", "DTSTAMP:20240101T000000Z",
             "CREATED:20240101T000000Z", "LAST-MODIFIED:20240101T000000Z", "SEQUENCE:1", "STATUS:CONFIRMED",
             "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;CN=anna@exampl\r\n e.com;"
             "X-NUM-GUESTS=0:mailto:anna@example.com", "TRANSP:OPAQUE", alarm("-P0DT0H30M0S")]
    takeout = component("abc@google.com", *lines)
    a, b = phones({"a.ics": calendar(BERLIN, takeout, DAILY, head=head)},
                  {"b.ics": calendar(component("abc@google.com", *[x for x in lines if "STAMP" not in x and
                                                                    "SEQ" not in x], "X-MINE:1"))})
    backup(a), backup(b)
    told = restored(b, a, identical=1, added=1)
    assert b"X-MINE:1" in (b.phone / "calendar/b.ics").read_bytes()


def test_events_go_out_as_one_calendar_that_finds_itself_and_goes_into_another(phones, make_terminal, tmp_path):
    odd = component("5@example.org", "DTSTART;TZID=Home:20240102T100000")
    other = component("6@example.org", "DTSTART;TZID=Home:20240102T100000")
    a, b = phones({"a.ics": calendar(BERLIN, HOME, MOVED, DAILY, odd)}, {"b.ics": calendar(BERLIN, LUNCH)})
    to = tmp_path / "all.ics"
    told = a.run("export", "calendar", "--to", to)
    assert told["exported"] == 3 and told["format"] == "ical"
    raw = to.read_bytes().decode()
    assert raw == ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Cloudbox//Cloudbox//EN\r\n" +
                   BERLIN + DAILY + MOVED + HOME + odd + "END:VCALENDAR\r\n")
    assert a.run("import", "calendar", to)["written"] == 0, "what was exported does not find itself"
    before = tree(b.phone)
    told = b.run("import", "calendar", to)
    assert results(told) == {"added": 3}
    assert b.run("import", "calendar", to)["written"] == 0
    assert tree(b.phone)["calendar/b.ics"].decode().count("BEGIN:VTIMEZONE") == 2
    b.run("undo")
    assert tree(b.phone) == before
    # each in a file of its own; and a zone of another meaning begins another calendar
    a.run("export", "calendar", "--to", f"{tmp_path}/each/")
    assert len(list((tmp_path / "each").iterdir())) == 3
    (a.phone / "calendar/z.ics").write_bytes(calendar(zone("Home", "-0500"), other))
    a.run("export", "calendar", "--to", tmp_path / "two.ics")
    raw = (tmp_path / "two.ics").read_bytes()
    assert raw.count(b"BEGIN:VCALENDAR") == 2 and raw.count(b"TZID:Home") == 2


@pytest.mark.parametrize("moment", range(2))
def test_a_restore_killed_while_it_writes_a_calendar_is_done_again_and_not_doubled(phones, moment):
    many = [component(f"{i}@example.com", TEN) for i in range(400)]
    before = calendar(LUNCH)
    a, b = phones({"a.ics": calendar(BERLIN, *many)}, {"b.ics": before})
    backup(a), backup(b)
    file = b.phone / "calendar/b.ics"
    inode = file.stat().st_ino
    running = b.start("restore", "calendar", "--from", a.device)
    beside = lambda: len(list(file.parent.iterdir())) > 1
    wait_until(lambda: not running.is_alive() or (beside() if moment else file.stat().st_ino != inode), "it writes")
    running.kill()
    now = file.read_bytes()
    assert now == before or (now.startswith(before[:-15]) and now.count(b"BEGIN:VEVENT") == 401), "half a calendar"
    b.run("restore", "calendar", "--from", a.device)
    now = file.read_bytes()
    assert now.count(b"BEGIN:VEVENT") == 401 and now.count(b"BEGIN:VTIMEZONE") == 1
    assert [p.name for p in file.parent.iterdir()] == ["b.ics"]
    assert b.run("restore", "calendar", "--from", a.device)["written"] == 0


def test_the_six_steps_for_every_real_calendar(phones):
    files = {n.replace("/", "_"): raw for n, raw in corpus.files("calendar").items() if n.endswith((".ics", ".vcs"))}
    assert len(files) > 400
    a, b = phones(files, {})
    a.run("add", "calendar", "--all", expect=None)
    a.run("backup", expect=None)
    told = b.run("restore", "calendar", "--from", a.device, expect=None)
    n = len(told["items"])
    failed = [i for i in told["items"] if i["result"] == "failed"]
    assert all("time zone" in str(i) for i in failed), failed
    assert n > 2900 and results(told) == {"added": n - len(failed), **({"failed": len(failed)} if failed else {})}
    before = tree(b.phone)
    told = b.run("restore", "calendar", "--from", a.device, expect=None)
    assert tree(b.phone) == before
    # one whose zone was refused can be the double of one that came in
    now = results(told)
    assert now["identical"] >= n - len(failed) and now["identical"] + now["failed"] == n, now
    before = tree(a.phone)
    told = a.run("restore", "calendar", "--from", a.device, expect=None)
    assert results(told) == {"identical": n} and tree(a.phone) == before
