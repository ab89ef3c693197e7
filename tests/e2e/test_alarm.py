# SPDX-License-Identifier: Apache-2.0
"""A phone that falls silent is missed: by mail, by a webhook, by the account's other devices; once."""
import base64
import pathlib
import re
import sqlite3
import ssl
import urllib.request

import pytest

import sinks
from phone import card, noise
from programs import put, wait_until

DAY_MS = 86400 * 1000
FROM = "box@example.org"
ANNA = "anna@example.net"


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    return sinks.certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def context(pem):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pem)
    return context


@pytest.fixture
def make_smtp(context):
    made = []

    def make(**how):
        made.append(sinks.Smtp(context=context, **how))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def hook(context):
    one = sinks.Webhook(context)
    yield one
    one.close()


def database(server, *statements):
    """What stands in the catalog, changed while the server is stopped."""
    was_alive = server.is_alive()
    server.stop()
    db = sqlite3.connect(server.data / "cloudbox.db")
    with db:
        for one in statements:
            db.execute(one)
    db.close()
    if was_alive:
        server.start()


def let_run(server, days):
    """As if the server had run so long, and nobody had come."""
    database(server, f"UPDATE clock SET retention_ms = retention_ms + {int(days * DAY_MS)}")


def waiting(server):
    with sqlite3.connect(f"file:{server.data}/cloudbox.db?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*) FROM deliveries").fetchone()[0]


def standing(server):
    with sqlite3.connect(f"file:{server.data}/cloudbox.db?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*) FROM alarms WHERE ended_at = 0").fetchone()[0]


def serve(make_server, *options, **how):
    return make_server(options=["--tidy-every", "1s", *options], **how)


def by_mail(smtp, pem, *more):
    return ["--mail-server", f"smtp://127.0.0.1:{smtp.port}", "--mail-from", FROM,
            "--alarm-ca", str(pem[0]), *more]


def beating_phone(make_terminal, server, name="phone"):
    """A terminal that says that it will come again within three days."""
    t = make_terminal(name)
    t.init(server)
    t.contacts({"a": card(t.name, uid="one", tel="+491")})
    t.run("add", "contacts", "--all")
    t.run("auto", "all", "--every", "1d")
    t.run("run", "--once")
    return t


def change(t, tel):
    """The contact has another number."""
    put(t.phone / "contacts", {"a.vcf": card(t.name, uid="one", tel=tel)})


def test_of_a_silence_a_mail_tells_and_of_its_end_another(make_server, make_terminal, make_smtp, pem):
    smtp = make_smtp()
    server = serve(make_server, *by_mail(smtp, pem))
    t = beating_phone(make_terminal, server)
    told = server.run("account", t.account, "--mail", ANNA)
    assert told["mail"] == ANNA and told["webhook"] == ""
    let_run(server, 2.9)
    wait_until(lambda: server.output().count("listening") == 2, "a restart")
    assert smtp.mails == []
    let_run(server, 0.2)
    mail = smtp.wait(1)[0]
    alarm, = server.run("account", t.account)["alarms"]
    assert (alarm["kind"], alarm["device"], alarm["number"]) == ("silence", t.device, 3 * 86400)
    assert mail.tls and mail.sender == f"MAIL FROM:<{FROM}>".encode()
    assert mail.recipients == [f"RCPT TO:<{ANNA}>".encode()]
    assert mail.message["From"] == f"Cloudbox <{FROM}>" and t.account[:8] in mail.subject
    assert f"Device {t.device[:8]} has not come since" in mail.text
    # it reveals nothing but short ids
    assert t.account[:9] not in mail.text + mail.raw.decode() and t.device[:9] not in mail.text
    assert t.name not in mail.text and "Anna" not in mail.text
    let_run(server, 0.5)  # nothing more, however long it lasts
    change(t, "+492")
    t.run("backup")
    wait_until(lambda: standing(server) == 0, "back again")
    assert len(smtp.mails) == 1
    let_run(server, 0.05)  # an hour later, not before
    mail = smtp.wait(2)[1]
    assert f"Device {t.device[:8]} is back again since" in mail.text
    wait_until(lambda: waiting(server) == 0, "all is told")


def test_a_mail_is_in_the_language_of_the_server(make_server, make_terminal, make_smtp, pem):
    smtp = make_smtp()
    server = serve(make_server, *by_mail(smtp, pem, "--lang", "zh_CN"))
    t = beating_phone(make_terminal, server)
    server.run("account", t.account, "--mail", ANNA)
    let_run(server, 3.1)
    mail = smtp.wait(1)[0]
    assert mail.subject == f"云盒：账户通知 1 条，账户 {t.account[:8]}"
    assert f"设备 {t.device[:8]} 自" in mail.text and "3 天" in mail.text
    assert all(len(line) <= 78 for line in mail.raw.split(b"\r\n")) and mail.raw.isascii()


def test_a_beat_costs_400_bytes_at_most_and_comes_only_where_nothing_else_was_sent(
        make_relayed, make_terminal):
    server, relay = make_relayed()
    t = beating_phone(make_terminal, server)
    t.run("auto", "all", "--every", "2d")  # a change of the plan is told at once
    before = len(relay.up)
    done = t.run("run", "--once")
    head, body = relay.up[before:].split(b"\r\n\r\n", 1)
    assert head.startswith(b"POST /v1/beat HTTP/1.1\r\n")
    assert len(body) == 117 and len(head) + 4 + len(body) <= 400
    assert [d["task"] for d in done["done"]] == ["beat"]
    before = len(relay.up)
    t.run("run", "--once")  # nothing is due
    assert len(relay.up) == before
    assert {w["task"]: w["reason"] for w in t.run("status")["waiting"]}["beat"] == "time"
    t.run("auto", "off")  # tells it itself: no run may come that does
    assert b"POST /v1/beat" in relay.up[before:]
    before = len(relay.up)
    t.run("run", "--once")
    assert len(relay.up) == before
    with sqlite3.connect(f"file:{server.data}/cloudbox.db?mode=ro", uri=True) as db:
        assert db.execute("SELECT period FROM devices").fetchall() == [(0,)]
    t.run("auto", "all")
    t.run("run", "--once")
    server.stop()
    t.run("auto", "off")
    assert "the server still expects this terminal" in t.stderr


def test_the_other_devices_show_it_as_long_as_it_stands_and_say_it_once(make_server, make_terminal):
    server = serve(make_server)
    phone = beating_phone(make_terminal, server, name="Anna's phone")
    tablet = make_terminal("tablet")
    tablet.join(phone)
    tablet.contacts({"a": card("tablet", uid="one", tel="+492")})
    tablet.run("add", "contacts", "--all")
    tablet.run("backup")
    assert tablet.run("status")["notices"] == []
    let_run(server, 4)
    wait_until(lambda: standing(server) == 1, "an alarm")
    change(tablet, "+493")
    tablet.run("backup")
    assert "Anna's phone has not come to the server since" in tablet.stderr
    change(tablet, "+494")
    tablet.run("backup")
    assert "Anna's phone" not in tablet.stderr
    notice, = tablet.run("status")["notices"]
    assert notice["kind"] == "silence" and notice["device"] == phone.device
    assert notice["number"] == 3 * 86400 and notice["text"].startswith("Anna's phone has not come")
    assert "Anna's phone has not come" in tablet.run("status", json=False)
    # a stranger's account hears nothing of it, nor does the phone of itself
    stranger = beating_phone(make_terminal, server, name="stranger")
    assert stranger.run("status")["notices"] == []
    change(phone, "+495")
    phone.run("backup")
    assert phone.run("status")["notices"] == []
    wait_until(lambda: standing(server) == 0, "back again")
    change(tablet, "+496")
    tablet.run("backup")
    assert tablet.run("status")["notices"] == []


def test_a_terminal_that_runs_by_itself_says_it_once_too(make_server, make_terminal):
    server = serve(make_server)
    phone = beating_phone(make_terminal, server, name="phone")
    tablet = make_terminal("tablet")
    tablet.join(phone)
    tablet.run("auto", "all", "--every", "1d")
    tablet.run("run", "--once")
    database(server, f"UPDATE devices SET came = came - {4 * DAY_MS} WHERE lower(hex(device)) = '{phone.device}'")
    wait_until(lambda: standing(server) == 1, "an alarm")
    tablet.run("auto", "all", "--every", "2d")
    tablet.run("run", "--once")
    assert tablet.stderr.count("phone has not come") == 1
    tablet.run("auto", "all", "--every", "3d")
    tablet.run("run", "--once")
    assert "phone has not come" not in tablet.stderr


def test_a_mail_server_that_is_busy_refuses_or_is_not_there_hears_it_later(
        make_server, make_terminal, make_smtp, pem):
    smtp = make_smtp()
    smtp.answers = ["451 not now", "550 no such user"]
    server = serve(make_server, *by_mail(smtp, pem))
    t = beating_phone(make_terminal, server)
    server.run("account", t.account, "--mail", ANNA)
    let_run(server, 3.1)
    for n in (1, 2):  # each time when its time has come, not at once
        wait_until(lambda: smtp.refused == n, "a refusal")
        wait_until(lambda: server.output().count("not told by mail, to be tried again: it answered "
                                                 f"with {('451', '550')[n - 1]}") == 1, "a word of it")
        assert smtp.mails == [] and waiting(server) == 1
        let_run(server, 0.01)
    assert smtp.wait(1)
    wait_until(lambda: waiting(server) == 0, "all is told")
    assert ANNA not in server.output()  # the journal names no people


def test_what_nobody_takes_for_three_days_is_given_up(make_server, make_terminal, make_smtp, pem):
    smtp = make_smtp()
    options = by_mail(smtp, pem)
    smtp.close()
    server = serve(make_server, *options)
    t = beating_phone(make_terminal, server)
    server.run("account", t.account, "--mail", ANNA)
    let_run(server, 3.1)
    wait_until(lambda: "not told by mail, to be tried again" in server.output(), "a failure")
    let_run(server, 3.1)
    wait_until(lambda: "given up after three days, by mail: 1" in server.output(), "giving up")
    assert waiting(server) == 0
    assert t.run("backup")["unchanged"] == 1  # the server was at work all the time


def test_a_server_that_is_slow_holds_up_nobody_and_the_end_is_prompt(
        make_server, make_terminal, make_smtp, pem):
    smtp = make_smtp()
    smtp.hang.set()
    server = serve(make_server, *by_mail(smtp, pem))
    t = beating_phone(make_terminal, server)
    server.run("account", t.account, "--mail", ANNA)
    let_run(server, 3.1)
    wait_until(lambda: smtp.connections == 1, "a connection")
    change(t, "+497")
    assert len(t.run("backup")["uploaded"]) >= 1
    server.stop()  # does not wait for it
    smtp.hang.clear()
    smtp.release.set()
    server.start()
    assert "has not come since" in smtp.wait(1)[0].text  # it was queued all the time


@pytest.mark.parametrize("implicit", [False, True])
def test_a_login_is_told_within_tls_only(make_server, make_terminal, make_smtp, pem, tmp_path, implicit):
    secret = base64.b64encode(b"\0box\0pass word").decode()
    smtp = make_smtp(implicit=implicit, logins=[secret])
    login = tmp_path / "login"
    login.write_text("box\npass word\n")
    login.chmod(0o600)
    options = by_mail(smtp, pem, "--mail-login", str(login))
    if implicit:
        options[1] = options[1].replace("smtp:", "smtps:")
    server = serve(make_server, *options)
    t = beating_phone(make_terminal, server)
    server.run("account", t.account, "--mail", ANNA)
    let_run(server, 3.1)
    mail = smtp.wait(1)[0]
    assert mail.login == secret and mail.tls != implicit
    assert "pass word" not in server.output() and secret not in server.output()


def test_without_starttls_nothing_is_sent(make_server, make_terminal, make_smtp, pem):
    smtp = make_smtp(starttls=False)
    server = serve(make_server, *by_mail(smtp, pem))
    t = beating_phone(make_terminal, server)
    server.run("account", t.account, "--mail", ANNA)
    let_run(server, 3.1)
    wait_until(lambda: "to be tried again: TLS: " in server.output(), "a failure")
    assert smtp.mails == [] and waiting(server) == 1


def test_a_server_with_another_certificate_is_not_trusted(make_server, make_terminal, make_smtp, tmp_path):
    smtp = make_smtp()
    server = serve(make_server, *by_mail(smtp, sinks.certificate(tmp_path)))
    t = beating_phone(make_terminal, server)
    server.run("account", t.account, "--mail", ANNA)
    let_run(server, 3.1)
    wait_until(lambda: "to be tried again: TLS: " in server.output(), "a failure")
    assert smtp.mails == []


def test_killed_between_raising_and_sending_it_is_told_once(make_server, make_terminal, make_smtp, hook, pem):
    smtp = make_smtp()
    smtp.hang.set()
    server = serve(make_server, *by_mail(smtp, pem), "--private-webhooks")
    t = beating_phone(make_terminal, server)
    server.run("account", t.account, "--mail", ANNA, "--webhook", hook.url)
    let_run(server, 3.1)
    wait_until(lambda: smtp.connections == 1, "a mail on its way")
    server.kill()
    smtp.hang.clear()
    smtp.release.set()
    server.start()
    smtp.wait(1)
    hook.wait(1)
    wait_until(lambda: waiting(server) == 0, "all is told")
    for _ in range(3):  # and no restart tells it again
        server.kill()
        server.start()
    assert server.run("usage")["accounts"] == 1
    let_run(server, 0.5)
    assert len(smtp.mails) == 1 and len(hook.posts) == 1


def test_killed_before_the_yes_it_is_told_again_as_the_same_mail(make_server, make_terminal, make_smtp, pem):
    smtp = make_smtp()
    smtp.mute.set()
    server = serve(make_server, *by_mail(smtp, pem))
    t = beating_phone(make_terminal, server)
    server.run("account", t.account, "--mail", ANNA)
    let_run(server, 3.1)
    smtp.wait(1)
    server.kill()
    smtp.mute.clear()
    smtp.release.set()
    server.start()
    first, second = smtp.wait(2)
    assert first.id == second.id and first.text == second.text
    wait_until(lambda: waiting(server) == 0, "all is told")
    assert len(smtp.mails) == 2


def test_a_webhook_gets_a_document_and_several_alarms_at_once(make_server, make_terminal, hook, pem):
    server = serve(make_server, "--alarm-ca", str(pem[0]), "--private-webhooks")
    invitation = server.invite("--webhook", hook.url)
    t = make_terminal("phone")
    t.run("init", invitation, "--name", "phone", "--yes")
    t.account, t.device = (t.run("status")[k] for k in ("account", "device"))
    t.contacts({"a": card(t.name, uid="one", tel="+491")})
    t.run("add", "contacts", "--all")
    t.run("auto", "all", "--every", "1d")
    t.run("run", "--once")
    assert server.run("account", t.account)["webhook"] == hook.url
    hook.answers = [500]
    server.run("account", t.account, "--quota", "1")  # it is over it at once
    database(server, f"UPDATE devices SET came = came - {4 * DAY_MS}")
    wait_until(lambda: hook.requests == 1, "a refusal")
    let_run(server, 0.01)
    path, document = hook.wait(1)[0]
    assert path == "/hook" and document["account"] == t.account[:8]
    assert {a["kind"] for a in document["alarms"]} <= {"silence", "quota"}
    assert all(a["event"] == "raised" for a in document["alarms"])
    kinds = lambda: sorted(a["kind"] for _, d in hook.posts for a in d["alarms"])
    if len(kinds()) < 2:
        let_run(server, 0.01)
    wait_until(lambda: kinds() == ["quota", "silence"], "both, each once")


def test_a_webhook_reaches_no_private_address_and_follows_nobody(make_server, make_terminal, hook, pem):
    server = serve(make_server, "--alarm-ca", str(pem[0]))
    t = beating_phone(make_terminal, server)
    server.run("account", t.account, "--webhook", hook.url)
    let_run(server, 3.1)
    wait_until(lambda: "its address is not one that may be reached" in server.output(), "a refusal")
    assert hook.requests == 0
    server.options.append("--private-webhooks")
    hook.answers = [302]
    hook.elsewhere = hook.url + "/elsewhere"
    server.stop()
    server.start()
    let_run(server, 0.01)
    wait_until(lambda: "by webhook, to be tried again: it answered with 302" in server.output(), "a refusal")
    assert hook.requests == 1 and hook.posts == []


def test_two_alarms_of_an_hour_come_in_one_mail(make_server, make_terminal, make_smtp, pem):
    smtp = make_smtp()
    server = serve(make_server, *by_mail(smtp, pem))
    t = beating_phone(make_terminal, server)
    server.run("account", t.account, "--mail", ANNA)
    let_run(server, 3.1)
    smtp.wait(1)
    change(t, "+492")
    t.run("backup")
    server.run("account", t.account, "--quota", "1")
    wait_until(lambda: waiting(server) == 2, "back again, and a full quota")
    assert len(smtp.mails) == 1
    let_run(server, 0.05)
    text = smtp.wait(2)[1].text
    assert "is back again" in text and "of its quota" in text
    assert len(smtp.mails) == 2


def test_a_day_off_raises_no_alarm_and_is_told_in_the_journal(make_server, make_terminal):
    server = serve(make_server)
    beating_phone(make_terminal, server)
    server.stop()
    # its time was over a minute ago, and the server was off since the day before yesterday
    db = sqlite3.connect(server.data / "cloudbox.db")
    with db:
        value, = db.execute("SELECT value FROM settings WHERE name = 'awake'").fetchone()
        wall = int.from_bytes(value[:8], "little") - 2 * DAY_MS
        db.execute("UPDATE settings SET value = ? WHERE name = 'awake'", (wall.to_bytes(8, "little") + value[8:],))
        db.execute("UPDATE clock SET retention_ms = retention_ms + ?", (3 * DAY_MS + 60000,))
    db.close()
    server.start()
    wait_until(lambda: "this server was away for 48 hours" in server.output(), "a word of it")
    before = server.output().count("alarm: raised")
    server.run("tidy")
    assert before == 0 and standing(server) == 0
    let_run(server, 1)
    wait_until(lambda: standing(server) == 1, "it did not come in the day that it had besides")


def test_who_is_suspended_is_not_missed_and_has_its_time_afterwards(make_server, make_terminal):
    server = serve(make_server)
    phone, other = (beating_phone(make_terminal, server, name=n) for n in ("phone", "other"))
    server.run("account", phone.account, "--suspend", phone.device)
    server.run("account", other.account, "--suspend", "--all")
    let_run(server, 5)
    looked = server.run("usage")  # it is there again
    assert looked["accounts"] == 2 and standing(server) == 0
    server.run("account", phone.account, "--resume", phone.device)
    server.run("account", other.account, "--resume", "--all")
    let_run(server, 2.9)
    server.run("tidy")
    assert standing(server) == 0 and "alarm: raised" not in server.output()
    let_run(server, 0.2)
    wait_until(lambda: standing(server) == 2, "now they are late")


def test_a_drill_that_fails_is_told_and_so_is_the_next_that_does_not(make_server, make_terminal, make_smtp, pem):
    smtp = make_smtp()
    server = serve(make_server, *by_mail(smtp, pem))
    t = beating_phone(make_terminal, server)
    t.documents({"large": noise(1 << 20)})
    t.run("add", "documents", "--all")
    t.run("backup")
    server.run("account", t.account, "--mail", ANNA)
    assert t.run("drill", "--locked")["bad"] == []
    for file in (server.data / "blobs").rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:-1] + b"!")
    t.run("drill", "--locked", expect=(1, 3))
    t.run("run", "--once")
    assert "could not" in smtp.wait(1)[0].text
    t.run("backup")  # mends what it found
    assert t.run("drill", "--locked")["bad"] == []
    t.run("run", "--once")
    wait_until(lambda: standing(server) == 0, "the end of it")
    let_run(server, 0.05)
    assert "what is saved can be restored again" in smtp.wait(2)[1].text


def test_numbers_of_alarms_are_told(make_server, make_terminal):
    server = serve(make_server, "--metrics", "127.0.0.1:0")
    beating_phone(make_terminal, server)
    let_run(server, 3.1)
    wait_until(lambda: standing(server) == 1, "an alarm")
    address = re.findall(r"metrics on (http://\S+)", server.output())[-1]

    def numbers():
        text = urllib.request.urlopen(address, timeout=60).read().decode()
        return dict(re.findall(r"^(cloudbox_alarm\S*) (\d+)$", text, re.M))

    wait_until(lambda: numbers().get("cloudbox_alarms_standing") == "1", "a gauge")
    # nobody is to be told: what could tell them is not in memory
    assert "libcurl" not in pathlib.Path(f"/proc/{server.pid}/maps").read_text()
    assert numbers()["cloudbox_alarms_raised_total"] == "1" and numbers()["cloudbox_alarms_waiting"] == "0"


@pytest.mark.parametrize("options", [
    ("--mail-server", "smtp://127.0.0.1"), ("--mail-from", FROM),
    ("--mail-server", "http://x", "--mail-from", FROM),
    ("--mail-server", "smtp://a:b@x", "--mail-from", FROM),
    ("--mail-server", "smtp://x", "--mail-from", "a@b\r\nBcc: c@d"),
    ("--mail-server", "smtp://x", "--mail-from", FROM, "--mail-login", "/nowhere"),
])
def test_settings_that_cannot_work_are_told_at_the_start(make_server, options):
    server = make_server(start=False, options=options)
    server.launch()
    assert server.ended() in (1, 2)


@pytest.mark.parametrize("what", [
    ("--mail", "anna@example.net\r\nBcc: eve@example.net"), ("--mail", "anna"),
    ("--webhook", "http://example.org/"), ("--webhook", "https://example.org/\nX"),
])
def test_what_is_no_address_is_refused(server, make_terminal, what):
    t = make_terminal()
    t.init(server)
    server.run("account", t.account, *what, expect=2)
    server.run("invite", *what, expect=2)
    told = server.run("account", t.account)
    assert told["mail"] == told["webhook"] == ""
