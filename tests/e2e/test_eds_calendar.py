# SPDX-License-Identifier: Apache-2.0
"""Events, tasks and memos in Evolution Data Server, which GNOME Calendar shows: the real service."""
import re

import pytest

from test_eds import make_desktop, results  # noqa: F401


@pytest.fixture
def pair(make_desktop, server):  # noqa: F811
    """Two desktops of one account with calendar, tasks and notes."""
    a, b = make_desktop(), make_desktop()
    a.init(server)
    b.join(a)
    for one in (a, b):
        for app, adapter in (("calendar", "eds-calendar"), ("tasks", "eds-tasks"), ("notes", "eds-memos")):
            one.gnome(app, adapter)
    return a, b


def component(kind, uid, *lines):
    return "\r\n".join([f"BEGIN:{kind}", f"UID:{uid}", "DTSTAMP:20240101T000000Z", *lines, f"END:{kind}", ""])


ALARM = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "DESCRIPTION:soon", "END:VALARM")
START = "DTSTART;TZID=Europe/Berlin:20240102T090000"
LUNCH = component("VEVENT", "lunch", START, "DURATION:PT1H", "SUMMARY:Lunch", "X-KEEP;X-P=1:yes", *ALARM)
SERIES = component("VEVENT", "series", START, "DTEND;TZID=Europe/Berlin:20240102T100000", "SUMMARY:Standup",
                   "RRULE:FREQ=DAILY;COUNT=9")
MOVED = component("VEVENT", "series", "RECURRENCE-ID;TZID=Europe/Berlin:20240104T090000",
                  "DTSTART;TZID=Europe/Berlin:20240104T110000", "DTEND;TZID=Europe/Berlin:20240104T120000",
                  "SUMMARY:Standup, late")
OTHER = MOVED.replace("20240104", "20240105").replace("late", "later")
TASK = component("VTODO", "task", "SUMMARY:Buy tea", "DUE;VALUE=DATE:20240110", "PRIORITY:5")
MEMO = component("VJOURNAL", "memo", "SUMMARY:Ideas", "DESCRIPTION:one\\ntwo")


def saved(t, *apps):
    for app in apps:
        t.run("add", app, "--all")
    t.run("backup")


def same(t, other, app, service, **want):
    told = t.run("restore", app, "--from", other.device)
    assert results(told) == want, told
    there = t.eds(service, "list")
    assert set(results(t.run("restore", app, "--from", other.device))) <= {"identical"}
    assert t.eds(service, "list") == there, "a second restore wrote something"
    return told


def test_a_calendar_tasks_and_notes_come_back_on_a_blank_desktop(pair):
    a, b = pair
    a.eds("events", "add", LUNCH, SERIES, MOVED)
    a.eds("tasks", "add", TASK)
    a.eds("memos", "add", MEMO)
    saved(a, "calendar", "tasks", "notes")
    same(b, a, "calendar", "events", added=3)
    same(b, a, "tasks", "tasks", added=1)
    same(b, a, "notes", "memos", added=1)
    for service in ("events", "tasks", "memos"):
        for mine, theirs in zip(sorted(a.eds(service, "list")), sorted(b.eds(service, "list"))):
            mine, theirs = (set(re.sub(";X-EVOLUTION-ENDDATE=[^:]*", "", x).split("\r\n")) for x in (mine, theirs))
            change = mine ^ theirs
            assert all(x.startswith(("LAST-MODIFIED", "CREATED", "DTSTAMP", "X-EVOLUTION-ALARM-UID"))
                       for x in change), change


def test_each_side_moved_another_occurrence_and_both_are_there(pair):
    a, b = pair
    a.eds("events", "add", SERIES, MOVED)
    b.eds("events", "add", SERIES.replace("RRULE", "EXDATE;TZID=Europe/Berlin:20240107T090000\r\nRRULE"), OTHER)
    saved(a, "calendar")
    with b.watching("events") as heard:
        same(b, a, "calendar", "events", added=1, identical=1)
        assert "series" in heard.stdout.readline()
    there = "".join(b.eds("events", "list"))
    assert there.count("BEGIN:VEVENT") == 3 and "EXDATE" in there
    assert "late\r\n" in there and "later\r\n" in there
    b.run("undo")
    there = "".join(b.eds("events", "list"))
    assert there.count("BEGIN:VEVENT") == 2 and "late\r\n" not in there and "EXDATE" in there


def test_another_start_is_held_and_an_alarm_comes_only_where_the_times_agree(pair):
    a, b = pair
    a.eds("events", "add", LUNCH)
    plain = LUNCH.replace("\r\n".join(ALARM) + "\r\n", "")
    b.eds("events", "add", plain)
    saved(a, "calendar")
    same(b, a, "calendar", "events", merged=1)
    assert "BEGIN:VALARM" in b.eds("events", "list")[0]
    b.run("undo")
    assert "BEGIN:VALARM" not in b.eds("events", "list")[0]
    b.eds("events", "modify", plain.replace("T090000", "T100000"))
    told = b.run("restore", "calendar", "--from", a.device)
    assert "DTSTART" in [f["field"] for i in told["items"] for f in i["fields_held"]], told
    now = b.eds("events", "list")[0]
    assert "T100000" in now and "BEGIN:VALARM" not in now
