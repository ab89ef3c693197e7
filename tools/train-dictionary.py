#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Train the zstd dictionaries of lib/format/dict/ on invented items.

    tools/train-dictionary.py contacts|items OUT.dict

A record is packed as a whole (docs/formats/record.md), so the samples are encoded fields, not bare
cards.  Every name, number and sentence here is made up.  The seed is fixed: the same program with
the same zstd gives the same dictionary.  A dictionary that has shipped is never trained again under
its name: a better one becomes NAME-2.
"""
import os
import random
import subprocess
import sys
import tempfile
import time

KIB = 1024
FIRST = """Anna Maria Johannes Lukas Marie Emma Olivia Noah Liam James Mary Robert Patricia Michael
Jennifer David Linda William Elizabeth Richard Susan Joseph Jessica Thomas Sarah Charles Karen Jürgen
Käthe Günther Søren Åse Björn Łukasz Małgorzata Zoë José María Álvaro François Chloé Renée Giulia
Matteo Sofia Alessandro Ivana Petra Jiří Ondřej Eszter Zoltán Ioana Andrei Dimitra Nikos Ayşe Mehmet
Olga Dmitri Наталья Сергей Елена Παναγιώτης""".split()
LAST = """Schmidt Müller Weber Fischer Wagner Becker Hoffmann Smith Johnson Williams Brown Jones Miller
Davis Garcia Martinez Wilson Anderson Taylor Moore Jackson Martin Lee Thompson White Harris Clark Lewis
Dubois Lefèvre Moreau Rossi Bianchi Esposito Novák Dvořák Kowalski Nowak Nagy Tóth Popescu Ionescu
Papadopoulos Yılmaz Demir Jensen Hansen Lindqvist Virtanen O'Brien MacLeod van_der_Berg de_la_Cruz
Иванова Петров""".split()
FAMILY = list("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗")
GIVEN = """伟 芳 娜 敏 静 丽 强 磊 洋 勇 艳 杰 娟 涛 明 超 秀英 建国 志强 晓明 雨桐 梓涵 子轩 欣怡 浩然""".split()
DOMAINS = """gmail.com outlook.com yahoo.com hotmail.com icloud.com web.de gmx.de gmx.net t-online.de
proton.me mail.ru qq.com 163.com 126.com foxmail.com sina.com orange.fr libero.it example.org
example.com""".split()
STREETS = """Hauptstraße Bahnhofstraße Gartenweg Lindenallee Main_Street Oak_Avenue Church_Lane High_Street
Station_Road rue_de_la_Gare avenue_Victor_Hugo via_Roma calle_Mayor 中山路 人民路 解放路 建设路""".split()
CITIES = """Berlin Hamburg München Köln London Manchester Dublin Paris Lyon Roma Milano Madrid Barcelona
Wien Zürich Praha Warszawa Budapest New_York Chicago Springfield San_Francisco Toronto 北京市 上海市 广州市
深圳市 杭州市 成都市""".split()
COUNTRIES = "Germany USA United_Kingdom France Italia España Österreich 中国 Canada".split()
ORGS = """Stadtwerke Autohaus Zahnarztpraxis Bäckerei Kindergarten Grundschule Hausverwaltung Plumbing_Ltd
Consulting_GmbH Electric_Inc. Insurance Physiotherapie University Hospital 科技有限公司 贸易有限公司 中学""".split()
TITLES = "Manager Engineer Teacher Dr. Sales Director Consultant Developer Nurse 经理 工程师 老师".split()
WORDS = """met at the conference likes tea birthday present allergic to nuts call after six neighbour
emergency contact school parent kid's teacher plumber electrician landlord old number new address since
bitte nur abends anrufen Nachbar Schlüssel liegt bei Kinder Hund Garten Geburtstag 同学 邻居 客户 周末 电话
please do not call before nine works on Tuesdays door code backup number""".split()
LABELS = "Boat Cabin Assistant School Ferien Büro 公司 _$!<HomePage>!$_ _$!<Anniversary>!$_ _$!<Other>!$_".split()
MEDIA = {
    "documents": (["Documents", "Dokumente", "文档", "Documents/Taxes", "Documents/Work", "Documents/Letters",
                   "Documents/Insurance", "Documents/School", "Downloads"],
                  [("pdf", "application/pdf"), ("txt", "text/plain"), ("md", "text/markdown"),
                   ("odt", "application/vnd.oasis.opendocument.text"),
                   ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
                   ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
                   ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
                   ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
                   ("csv", "text/csv"), ("json", "application/json"), ("html", "text/html"),
                   ("zip", "application/zip"), ("epub", "application/epub+zip")]),
    "pictures": (["DCIM/Camera", "DCIM/100APPLE", "Pictures", "Pictures/Screenshots", "Bilder", "图片",
                  "Pictures/2023/Holidays", "WhatsApp/Media/WhatsApp Images"],
                 [("jpg", "image/jpeg"), ("JPG", "image/jpeg"), ("png", "image/png"),
                  ("heic", "image/heic"), ("webp", "image/webp"), ("gif", "image/gif"),
                  ("svg", "image/svg+xml")]),
    "music": (["Music", "Musik", "Recordings", "音乐", "Music/Albums"],
              [("mp3", "audio/mpeg"), ("m4a", "audio/x-m4a"), ("ogg", "audio/ogg"),
               ("opus", "audio/ogg"), ("flac", "audio/flac"), ("wav", "audio/x-wav"),
               ("amr", "audio/AMR")]),
    "videos": (["DCIM/Camera", "Videos", "Movies", "视频"],
               [("mp4", "video/mp4"), ("mkv", "video/x-matroska"), ("mov", "video/quicktime"),
                ("webm", "video/webm"), ("3gp", "video/3gpp")]),
    "programs": (["Programs", "Apps", "Downloads"],
                 [("apk", "application/vnd.android.package-archive"),
                  ("deb", "application/vnd.debian.binary-package"),
                  ("flatpakref", "application/vnd.flatpak.ref"),
                  ("AppImage", "application/vnd.appimage")]),
    "games": (["saves/slot1", "saves/slot2", "Saved Games", "games/chess", "games/city"],
              [("sav", "application/octet-stream"), ("dat", "application/octet-stream"),
               ("xml", "application/xml"), ("sqlite", "application/vnd.sqlite3")]),
}


def leb128(v):
    out = bytearray()
    while v >= 0x80:
        out.append(v & 0x7F | 0x80)
        v >>= 7
    out.append(v)
    return bytes(out)


def fields(app, native_id, name, mime, data, path=None, modified=None, literal=True):
    """docs/formats/record.md, "Fields"."""
    tags = [(1, app.encode()), (2, native_id.encode()), (3, name.encode()), (4, mime.encode()),
            (5, leb128(len(data)))]
    if path is not None and path != native_id:
        tags.append((6, path.encode()))
    if modified:
        tags.append((7, modified.to_bytes(8, "little")))
    if literal:
        tags.append((8, b"\x00" + leb128(len(data)) + data))
    else:
        tags.append((8, b"\x01\x00" + leb128(1)))
    return b"".join(bytes([t]) + leb128(len(v)) + v for t, v in tags)


def spaced(s):
    return s.replace("_", " ")


class Person:
    """One invented person and the ways in which programs write a card for them."""

    def __init__(self, r):
        self.r = r
        self.chinese = r.random() < 0.25
        if self.chinese:
            self.last, self.first = r.choice(FAMILY), r.choice(GIVEN)
            self.fn = self.last + self.first
        else:
            self.first, self.last = r.choice(FIRST), spaced(r.choice(LAST))
            self.fn = f"{self.first} {self.last}"

    def number(self):
        r = self.r
        d = lambda n: "".join(r.choice("0123456789") for _ in range(n))
        if self.chinese:
            return r.choice([f"1{r.choice('3578')}{d(9)}", f"+86 1{r.choice('3578')}{d(1)} {d(4)} {d(4)}"])
        return r.choice([f"+49 1{r.choice('567')}{d(1)} {d(7)}", f"+491{r.choice('567')}{d(9)}", f"0{d(3)} {d(6)}",
                         f"({d(3)}) {d(3)}-{d(4)}", f"+1{d(10)}", f"+1 {d(3)}-{d(3)}-{d(4)}", f"+44 7{d(3)} {d(6)}",
                         f"+33 6 {d(2)} {d(2)} {d(2)} {d(2)}", f"{d(3)}-{d(3)}-{d(4)}", d(10)])

    def email(self):
        r = self.r
        a = "".join(c for c in (self.first + "." + self.last).lower() if c.isascii() and (c.isalpha() or c == "."))
        user = a if len(a) > 3 else "user%d" % r.randint(100, 99999)
        return r.choice([user, user.replace(".", ""), user[:1] + user.split(".")[-1] + str(r.randint(1, 99))]) + "@" + r.choice(DOMAINS)

    def uid(self):
        r = self.r
        h = "%032x" % r.getrandbits(128)
        u = f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{r.choice('89ab')}{h[17:20]}-{h[20:]}"
        return r.choice([u, u, "urn:uuid:" + u, "pas-id-" + h[:24].upper(), u.upper(), h[:40]])

    def address(self):
        r = self.r
        return (f"{spaced(r.choice(STREETS))} {r.randint(1, 240)}", spaced(r.choice(CITIES)),
                "%05d" % r.randint(1000, 99999), spaced(r.choice(COUNTRIES)))

    def note(self):
        return " ".join(self.r.choice(WORDS) for _ in range(self.r.randint(2, 14)))

    def date(self):
        r = self.r
        return r.randint(1940, 2018), r.randint(1, 12), r.randint(1, 28)

    def card(self):
        style = self.r.choice([self.evolution, self.android, self.iphone, self.google, self.v4, self.nextcloud])
        uid = self.uid()
        lines = style(uid)
        has_uid = any(line.startswith("UID") for line in lines)
        return "\r\n".join(lines) + "\r\n", uid if has_uid else None

    def evolution(self, uid):
        r, out = self.r, ["BEGIN:VCARD", "VERSION:3.0", "UID:" + uid]
        if r.random() < 0.5:
            out.append("PRODID:-//Ximian//Evolution//EN")
        out += [f"N:{self.last};{self.first};;;", "FN:" + self.fn]
        if r.random() < 0.4:
            out += ["X-EVOLUTION-FILE-AS:" + (f"{self.last}\\, {self.first}" if not self.chinese else self.fn)]
        for t in r.sample(["CELL", "HOME,VOICE", "WORK,VOICE", "OTHER", "VOICE"], r.randint(1, 3)):
            out.append(f"TEL;TYPE={t}:{self.number()}")
        for t in r.sample(["HOME", "WORK", "OTHER", "INTERNET"], r.randint(0, 2)):
            out.append(f"EMAIL;TYPE={t}:{self.email()}")
        if r.random() < 0.4:
            s, c, z, l = self.address()
            out.append(f"ADR;TYPE={r.choice(['HOME', 'WORK'])}:;;{s};{c};;{z};{r.choice(['', l])}")
        self.common(out, "%04d-%02d-%02d")
        if r.random() < 0.4:
            out.append("REV:" + self.stamp() + r.choice(["", "(%d)" % r.randint(1, 40)]))
        return out + ["END:VCARD"]

    def android(self, uid):
        r, out = self.r, ["BEGIN:VCARD", "VERSION:2.1"]
        if any(ord(c) > 127 for c in self.fn):
            q = lambda s: "".join("=%02X" % b for b in s.encode())
            out += [f"N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{q(self.last)};{q(self.first)};;;",
                    f"FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{q(self.fn)}"]
        else:
            out += [f"N:{self.last};{self.first};;;", "FN:" + self.fn]
        for t in r.sample(["CELL", "HOME", "WORK", "CELL;PREF", "VOICE"], r.randint(1, 3)):
            out.append(f"TEL;{t}:{self.number()}")
        for t in r.sample(["HOME", "WORK", "X-INTERNET"], r.randint(0, 2)):
            out.append(f"EMAIL;{t}:{self.email()}")
        if r.random() < 0.2:
            out.append("X-ANDROID-CUSTOM:vnd.android.cursor.item/nickname;" + self.first + ";1;;;;;;;;;;;;;")
        return out + ["END:VCARD"]

    def iphone(self, uid):
        r, out, k = self.r, ["BEGIN:VCARD", "VERSION:3.0", "PRODID:-//Apple Inc.//iPhone OS 16.1//EN"], 0
        out += [f"N:{self.last};{self.first};;;", "FN:" + self.fn]
        if r.random() < 0.3:
            out.append("ORG:" + spaced(r.choice(ORGS)) + ";")
        for t in r.sample(["CELL", "HOME", "WORK", "IPHONE"], r.randint(1, 3)):
            out.append(f"TEL;type={t};type=VOICE{r.choice(['', ';type=pref'])}:{self.number()}")
        for t in r.sample(["HOME", "WORK"], r.randint(0, 2)):
            out.append(f"EMAIL;type=INTERNET;type={t}{r.choice(['', ';type=pref'])}:{self.email()}")
        if r.random() < 0.3:
            s, c, z, l = self.address()
            k += 1
            out += [f"item{k}.ADR;type=HOME;type=pref:;;{s};{c};;{z};{l}", f"item{k}.X-ABADR:{r.choice(['de', 'us', 'gb', 'cn'])}"]
        if r.random() < 0.4:
            k += 1
            out += [f"item{k}.TEL:{self.number()}", f"item{k}.X-ABLabel:{r.choice(LABELS)}"]
        if r.random() < 0.3:
            k += 1
            out += [f"item{k}.URL;type=pref:https://www.example.org/{self.r.randint(1, 999)}", f"item{k}.X-ABLabel:_$!<HomePage>!$_"]
        self.common(out, "%04d-%02d-%02d")
        return out + r.choice([[], ["UID:" + uid, "X-ABUID:" + uid.upper() + ":ABPerson"]]) + ["END:VCARD"]

    def google(self, uid):
        r, out = self.r, ["BEGIN:VCARD", "VERSION:3.0", "FN:" + self.fn, f"N:{self.last};{self.first};;;"]
        for t in r.sample(["CELL", "HOME", "WORK"], r.randint(1, 2)):
            out.append(f"TEL;TYPE={t}:{self.number()}")
        if r.random() < 0.5:
            out.append(f"EMAIL;TYPE=INTERNET;TYPE={r.choice(['HOME', 'WORK'])}:{self.email()}")
        if r.random() < 0.3:
            out.append(f"item1.EMAIL;TYPE=INTERNET:{self.email()}")
            out.append("item1.X-ABLabel:")
        self.common(out, "%04d%02d%02d")
        if r.random() < 0.7:
            out.append("CATEGORIES:" + r.choice(["myContacts", "myContacts,starred", "Family,myContacts", "Friends,myContacts"]))
        return out + ["END:VCARD"]

    def v4(self, uid):
        r, out = self.r, ["BEGIN:VCARD", "VERSION:4.0", "UID:" + uid, f"N:{self.last};{self.first};;;", "FN:" + self.fn]
        if r.random() < 0.4:
            out.append("KIND:individual")
        for t in r.sample(["cell", "home", "work", "voice"], r.randint(1, 3)):
            out.append(r.choice([f"TEL;TYPE={t};VALUE=TEXT:{self.number()}", f"TEL;VALUE=uri;TYPE={t}:tel:{self.number().replace(' ', '-')}",
                                 f"TEL;TYPE={t};PREF=1:{self.number()}"]))
        for t in r.sample(["home", "work"], r.randint(0, 2)):
            out.append(r.choice([f"EMAIL;TYPE={t}:{self.email()}", f"EMAIL;PREF=1;TYPE={t}:{self.email()}"]))
        if r.random() < 0.3:
            s, c, z, l = self.address()
            out.append(f"ADR;TYPE=home:;;{s};{c};;{z};{l}")
        self.common(out, "%04d%02d%02d")
        out.append("REV:" + self.stamp())
        return out + ["END:VCARD"]

    def nextcloud(self, uid):
        r, out = self.r, ["BEGIN:VCARD", "VERSION:3.0", "PRODID:-//Sabre//Sabre VObject 4.5.1//EN", "UID:" + uid,
                          "FN:" + self.fn, f"N:{self.last};{self.first};;;"]
        for t in r.sample(['"HOME,VOICE"', '"CELL"', "CELL", '"WORK,VOICE"'], r.randint(1, 2)):
            out.append(f"TEL;TYPE={t}:{self.number()}")
        out += [f"EMAIL;TYPE=HOME:{self.email()}", "ADR;TYPE=HOME:;;%s;%s;;%s;%s" % self.address()][: r.randint(0, 2)]
        self.common(out, "%04d-%02d-%02d")
        out.append("REV;VALUE=DATE-AND-OR-TIME:" + self.stamp())
        return out + ["END:VCARD"]

    def stamp(self):
        t = 1_500_000_000 + self.r.randint(0, 290_000_000)
        return time.strftime(self.r.choice(["%Y%m%dT%H%M%SZ", "%Y-%m-%dT%H:%M:%SZ"]), time.gmtime(t))

    def common(self, out, date_format):
        r = self.r
        if r.random() < 0.35:
            out.append("ORG:" + spaced(r.choice(ORGS)) + r.choice(["", ";", ";Sales"]))
        if r.random() < 0.2:
            out.append("TITLE:" + r.choice(TITLES))
        if r.random() < 0.2:
            out.append(r.choice(["BDAY:", "BDAY;VALUE=date:"]) + date_format % self.date())
        if r.random() < 0.3:
            out.append("NOTE:" + self.note().replace(",", "\\,"))
        if r.random() < 0.1:
            out.append("URL:" + r.choice(["https://", "http://www."]) + r.choice(DOMAINS))
        if r.random() < 0.08:
            out.append(r.choice(["X-JABBER:", "IMPP;X-SERVICE-TYPE=Jabber:xmpp:", "X-SIP:", "X-QQ:"]) + self.email())
        if r.random() < 0.08:
            out.append("NICKNAME:" + self.first)


def contact(r):
    p = Person(r)
    card, uid = p.card()
    path = r.choice([f"{p.fn}.vcf", "contacts.vcf", "%s.vcf" % (uid or "c%06d" % r.randint(0, 99999))])
    return fields("contacts", uid or path, p.fn, "text/vcard", card.encode(), path, moment(r))


def moment(r):
    return 1_500_000_000_000 + r.randint(0, 290_000_000_000) if r.random() < 0.5 else None


def a_file(r):
    app = r.choice(list(MEDIA))
    folders, kinds = MEDIA[app]
    ext, mime = r.choice(kinds)
    t = time.gmtime(1_400_000_000 + r.randint(0, 400_000_000))
    stem = r.choice([time.strftime("IMG_%Y%m%d_%H%M%S", t), "IMG_%04d" % r.randint(1, 9999), "DSC%05d" % r.randint(1, 99999),
                     time.strftime("VID_%Y%m%d_%H%M%S", t), time.strftime("PXL_%Y%m%d_%H%M%S", t) + "%03d" % r.randint(0, 999),
                     time.strftime("Screenshot_%Y%m%d-%H%M%S", t), time.strftime("IMG-%Y%m%d-WA%%04d", t) % r.randint(0, 99),
                     " ".join(r.choice(WORDS) for _ in range(r.randint(1, 4))), "Rechnung %d" % r.randint(1000, 99999),
                     time.strftime("Invoice %Y-%m", t), "letter", "README", "notes", "%02d - Track" % r.randint(1, 20)])
    name = f"{stem}.{ext}"
    path = f"{r.choice(folders)}/{name}"
    literal = ext in ("txt", "md", "csv") and r.random() < 0.5
    data = " ".join(r.choice(WORDS) for _ in range(r.randint(3, 40))).encode() if literal else bytes(r.randint(30_000, 60_000))
    return fields(app, path, name, mime, data, path, moment(r), literal)


def an_event(r):
    t = 1_500_000_000 + r.randint(0, 290_000_000)
    uid = "%032x@%s" % (r.getrandbits(128), r.choice(DOMAINS))
    summary = r.choice(["Dentist", "Meeting with " + r.choice(FIRST), "Geburtstag " + r.choice(FIRST), "Team meeting", "生日", "开会", "Yoga"])
    zone = r.choice(["Europe/Berlin", "America/New_York", "Asia/Shanghai", "Europe/London"])
    day = time.strftime("%Y%m%dT%H%M%S", time.gmtime(t))
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", r.choice(["PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN", "PRODID:-//Ximian//NONSGML Evolution Calendar//EN", "PRODID:-//Google Inc//Google Calendar 70.9054//EN"]),
             "BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:" + day + "Z", f"DTSTART;TZID={zone}:{day}", f"DTEND;TZID={zone}:{day[:9]}{r.randint(10, 23)}0000",
             "SUMMARY:" + summary]
    lines += r.choice([[], ["LOCATION:" + spaced(r.choice(CITIES))], ["DESCRIPTION:" + Person(r).note()], ["RRULE:FREQ=WEEKLY;BYDAY=MO"], ["RRULE:FREQ=YEARLY"]])
    lines += r.choice([[], ["SEQUENCE:0", "STATUS:CONFIRMED", "TRANSP:OPAQUE", "CLASS:PUBLIC"], ["CREATED:" + day + "Z", "LAST-MODIFIED:" + day + "Z"]])
    lines += r.choice([[], ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Reminder", "TRIGGER:-PT15M", "END:VALARM"]])
    lines += ["END:VEVENT", "END:VCALENDAR"]
    return fields("calendar", uid, summary, "text/calendar", ("\r\n".join(lines) + "\r\n").encode(), r.choice(["personal.ics", uid + ".ics"]), moment(r))


def a_task(r):
    uid = "%032x" % r.getrandbits(128)
    kind = r.choice(["VTODO", "VJOURNAL"])
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:" + kind, "UID:" + uid, "SUMMARY:" + Person(r).note(), "STATUS:NEEDS-ACTION", "PRIORITY:5", "END:" + kind, "END:VCALENDAR"]
    return fields("tasks" if kind == "VTODO" else "notes", uid, "", "text/calendar", ("\r\n".join(lines) + "\r\n").encode(), "tasks.ics")


def a_message(r):
    t = 1_500_000_000_000 + r.randint(0, 290_000_000_000)
    p = Person(r)
    xml = ('<sms protocol="0" address="%s" date="%d" type="%d" subject="null" body="%s" toa="null" sc_toa="null" service_center="null" read="1" '
           'status="-1" locked="0" date_sent="%d" sub_id="1" readable_date="%s" contact_name="%s" />' % (
               p.number(), t, r.choice([1, 2]), p.note(), t - r.randint(0, 9000), time.strftime("%b %d, %Y %H:%M:%S", time.gmtime(t / 1000)), r.choice([p.fn, "(Unknown)"])))
    return fields("messages", "%d:%016x" % (t, r.getrandbits(64)), p.fn, "application/x-sms+xml", xml.encode(), "sms.xml", t)


def a_call(r):
    t = 1_500_000_000_000 + r.randint(0, 290_000_000_000)
    p = Person(r)
    xml = ('<call number="%s" duration="%d" date="%d" type="%d" presentation="1" subscription_id="1" post_dial_digits="" readable_date="%s" contact_name="%s" />' % (
        p.number(), r.randint(0, 4000), t, r.choice([1, 2, 3]), time.strftime("%b %d, %Y %H:%M:%S", time.gmtime(t / 1000)), r.choice([p.fn, "(Unknown)"])))
    return fields("calls", "%d:%016x" % (t, r.getrandbits(64)), p.fn, "application/x-call+xml", xml.encode(), "calls.xml", t)


def a_bookmark(r):
    url = r.choice(["https://www.", "https://", "http://"]) + r.choice(["example.com", "example.org", "en.wikipedia.org/wiki/", "github.com/", "www.baidu.com/", "news."]) + str(r.randint(1, 99999))
    title = Person(r).note()
    folder = r.choice(["Bookmarks Toolbar", "Bookmarks Menu", "Other Bookmarks", "Bookmarks bar", "Mobile Bookmarks", "Work", "书签栏"])
    text = '{"title":"%s","url":"%s","folder":"%s","added":%d}' % (title, url, folder, 1_500_000_000 + r.randint(0, 290_000_000))
    return fields(r.choice(["bookmarks-firefox-default", "bookmarks-chromium-Default", "bookmarks-html"]), folder + "/" + url, title, "application/x-bookmark+json", text.encode())


def a_box_item(r):
    app = r.choice(list(MEDIA) + ["contacts", "calendar", "messages"])
    rows = [{"contacts": Person(r).uid()}.get(app, "%s/IMG_%04d.jpg" % (r.choice(MEDIA["pictures"][0]), r.randint(0, 9999))) for _ in range(r.randint(2, 12))]
    data = b"".join(leb128(len(s)) + s.encode() + b"\x00\x01" for s in rows)
    name = f"{app}/{r.randint(0, 3):02d}"
    return fields("box", name, name, "application/x-cloudbox-box", data)


def item(r):
    return r.choices([a_file, an_event, a_task, a_message, a_call, a_bookmark, a_box_item], [45, 12, 6, 14, 6, 10, 7])[0](r)


KINDS = {"contacts": (contact, 6000, 16 * KIB), "items": (item, 8000, 8 * KIB)}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    make, n, size = KINDS[sys.argv[1]]
    r = random.Random("cloudbox dictionary 1 " + sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i in range(n):
            paths.append(os.path.join(folder, "%05d" % i))
            with open(paths[-1], "wb") as f:
                f.write(make(r))
        names = os.path.join(folder, "names")
        with open(names, "w") as f:
            f.write("\n".join(paths))
        subprocess.run(["zstd", "-q", "--train-cover=k=256,d=8,steps=4", f"--maxdict={size}", "--filelist", names, "-o", sys.argv[2], "-f"], check=True)


if __name__ == "__main__":
    main()
