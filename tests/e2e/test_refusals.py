# SPDX-License-Identifier: Apache-2.0
"""What bad input gets: wrong passphrases, servers that are away, invitations that are not good."""
import base64
import json
import os
import re
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest

import programs
from phone import card, noise
from programs import named, tree

SECRET = "Wolfgang Amadeus Unrevealed"


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal()
    t.init(server)
    t.contacts({"a": card(SECRET, uid="secret", tel="+491701")})
    t.run("add", "contacts", "--all")
    t.run("backup")
    return t


# Passphrases

@pytest.mark.parametrize("command", [("cloud",), ("restore",), ("history", "contacts", "secret")])
def test_a_wrong_passphrase_says_so_and_nothing_else(phone, command):
    before = tree(phone.phone)
    done = phone.error(*command, expect=4, env={"CLOUDBOX_PASSPHRASE": "not the one that it is"})
    assert done["code"] == "locked" and "passphrase" in done["message"]
    assert SECRET not in json.dumps(done) + phone.stderr
    assert tree(phone.phone) == before


def test_a_wrong_passphrase_does_not_join(phone, make_terminal):
    t = make_terminal()
    t.passphrase = "not the one that it is"
    told = t.error("join", phone.server, "--account", phone.account, expect=4)
    unknown = t.error("join", phone.server, "--account", "ab" * 16, expect=4)
    assert told == unknown  # whether there is such an account is nobody's business
    t.error("status")


def test_the_wrong_recovery_code_does_not_join(phone, make_terminal):
    t = make_terminal()
    t.passphrase = None
    t.error("join", phone.server, "--recovery", expect=4,
            env={"CLOUDBOX_RECOVERY_CODE": "M2GT-58X4-MPKA-FA59-NANT-SBDE-NY75"})


@pytest.mark.parametrize("weak", ["tiny", "aaaaaaaaaaaaaaaa", "password1234", "bad\x07characters in it"])
def test_a_weak_passphrase_is_not_taken(make_terminal, server, weak):
    t = make_terminal()
    told = t.run("init", server.invite(), "--yes", env={"CLOUDBOX_PASSPHRASE": weak}, expect=(1, 2))
    assert "passphrase" in told["error"]["message"] and weak not in json.dumps(told)


def test_a_changed_passphrase_replaces_the_old_one(make_terminal, server):
    t = make_terminal()
    t.init(server)
    t.run("passphrase", env={"CLOUDBOX_NEW_PASSPHRASE": "quite another passphrase"})
    t.error("cloud", expect=4)
    t.passphrase = "quite another passphrase"
    assert t.run("cloud") == []


def test_a_new_recovery_code_replaces_the_old_one(make_terminal, server):
    t, u = make_terminal(), make_terminal()
    t.init(server)
    new = t.run("recovery", "new", "--yes")["recovery_code"]
    u.passphrase = None
    u.error("join", t.server, "--recovery", expect=4, env={"CLOUDBOX_RECOVERY_CODE": t.recovery_code})
    u.run("join", t.server, "--recovery", env={"CLOUDBOX_RECOVERY_CODE": new})


def test_the_passphrase_is_in_no_file(phone):
    found = subprocess.run(["grep", "-rl", "-e", phone.passphrase, str(phone.folder)],
                           capture_output=True, text=True)
    assert found.stdout == ""


# The server is away

def test_where_the_server_is_away_the_next_backup_goes_on(make_server, make_terminal):
    server = make_server()
    t = make_terminal()
    t.init(server)
    t.contacts({"a": card("A", uid="a"), "b": card("B", uid="b")})
    t.documents({"large": noise(300_000)})
    t.run("add", "contacts", "--all")
    t.run("add", "documents", "--all")
    server.stop()
    told = t.error("backup", expect=5)
    assert told["code"] == "unreachable" and told["message"]
    assert t.error("cloud", expect=5)["code"] == "unreachable"
    assert t.error("restore", expect=5)["code"] == "unreachable"
    assert t.run("status")["unsaved_items"] == 3
    t.run("box", "contacts")
    server.start()
    t.run("backup")
    assert {i["name"]: i["versions"] for i in t.run("cloud")} == {"A": 1, "B": 1, "large": 1}
    assert t.run("backup")["requests"] == 0


def test_another_key_at_the_servers_address_is_refused(make_server, make_terminal):
    one = make_server()
    t = make_terminal()
    t.init(one)
    other = make_server(start=False)
    one.stop()
    other._listen = f"127.0.0.1:{one.port}"
    other.start()
    t.documents({"a": b"a"})
    t.run("add", "documents", "--all")
    told = t.error("backup", expect=1)
    assert "key" in told["message"]


def test_a_server_without_a_pin_is_shown_and_asked_about(phone, make_terminal):
    bare = re.sub("#.*", "", phone.server)
    t = make_terminal()
    t.passphrase = phone.passphrase
    told = t.error("join", bare, "--account", phone.account, expect=2)
    assert "--yes" in told["hint"]
    t.error("join", bare, "--account", phone.account, "--no", expect=1)
    t.run("join", bare, "--account", phone.account, "--yes")
    pin = base64.urlsafe_b64decode(re.search("pin=([^&]*)", phone.server)[1] + "=")
    assert pin.hex() in t.stderr
    assert t.run("status")["server"] == phone.server


# Invitations

def test_an_invitation_works_once(make_terminal, server):
    t, u = make_terminal(), make_terminal()
    invitation = server.invite()
    t.init(server, invitation)
    told = u.error("init", invitation, "--yes")
    assert told["code"] == "refused" and "invitation" in told["message"]
    u.error("status")


def test_an_expired_invitation_is_refused(make_terminal, server):
    invitation = server.invite("--valid", "0s")
    told = make_terminal().error("init", invitation, "--yes")
    assert told["code"] == "refused" and "invitation" in told["message"]


def test_a_forged_invitation_is_refused(make_terminal, server):
    invitation = server.invite()
    code = re.search("/i/([^#]*)", invitation)[1]
    forged = invitation.replace(code, base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("="))
    told = make_terminal().error("init", forged, "--yes")
    assert told["code"] == "refused" and "invitation" in told["message"]
    make_terminal().init(server, invitation)  # the true one was not used up


@pytest.mark.parametrize("url", ["nonsense", "https://", "ftp://127.0.0.1/i/x", "https://127.0.0.1/i/short",
                                 "http://example.org/i/AAAAAAAAAAAAAAAAAAAAAA", ""])
def test_what_is_no_invitation_is_refused_before_anything_is_sent(make_terminal, url):
    make_terminal().run("init", url, "--yes", expect=(1, 2))


def test_an_invitation_names_quota_and_end(server):
    told = server.run("invite", "--quota", "1M", "--valid", "24h")
    assert re.fullmatch(r"https://127\.0\.0\.1:\d+/i/[\w-]{22}#pin=[\w-]{43}", told["invitation"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", told["expires_at"])


# The server, asked by somebody else

def ask(server, path, method="GET", body=None, headers={}):
    """Status, headers and body of a plain request."""
    context = ssl._create_unverified_context()
    request = urllib.request.Request(server.address + path, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.headers, problem.read()


def test_the_server_says_how_it_is(server):
    status, _, body = ask(server, "/healthz")
    assert status == 200 and body.strip() == b"ok"
    status, _, body = ask(server, "/v1/server")
    told = json.loads(body)
    assert status == 200 and told["suites"] == [1] and told["version"] and told["limits"]


@pytest.mark.parametrize("path,method,body,status", [
    ("/nothing", "GET", None, 404), ("/v1/batches", "GET", None, 405),
    ("/v1/batches", "POST", b"", 400), ("/v1/batches", "POST", b"CBB1" + b"\0" * 400, 400),
    ("/v1/batches", "POST", noise(5000), 400), ("/v1/have", "POST", noise(200), 400),
    ("/v1/chunks", "POST", noise(200), 401), ("/v1/wraps", "GET", None, 401),
    ("/v1/heads", "GET", None, 401), ("/v1/log?from=0", "GET", None, 401),
    ("/v1/records", "POST", noise(100), 401), ("/v1/objects", "POST", noise(100), 401),
    ("/v1/accounts", "POST", noise(400), 400), ("/v1/login/start", "POST", b"\xff", 400)])
def test_a_bad_request_is_a_json_problem(server, path, method, body, status):
    got, headers, raw = ask(server, path, method, body)
    assert got == status, raw
    assert headers["Content-Type"].startswith("application/problem+json")
    told = json.loads(raw)
    assert told["status"] == status and told["type"].startswith("urn:cloudbox:problem:")
    assert told["title"]
    assert server.is_alive()


def test_an_unknown_suite_is_refused_by_name(server):
    batch = b"CBB1" + b"\x02" + b"\0" * 400
    status, _, raw = ask(server, "/v1/batches", "POST", batch)
    assert status in (400, 426) and b"suite" in raw


def test_unlisted_accounts_open_nothing_with_a_made_up_token(server):
    status, _, _ = ask(server, "/v1/wraps", headers={"Authorization": "Bearer " + "0" * 64})
    assert status == 401


def test_plain_http_is_for_loopback_addresses_only(make_server):
    done = subprocess.run([programs.program("cloudboxd"), "serve", "--data",
                           str(make_server(start=False).data), "--listen", "0.0.0.0:0", "--plain-http"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "loopback" in done.stderr


def test_help_and_version_are_told(make_terminal):
    t = make_terminal()
    assert "cloudbox" in t.run("--help", json=False)
    assert t.run("--version", json=False).startswith("cloudbox ")
    assert "--version N" in t.run("restore", "--help", json=False)
    for args in (("--help",), ("--version",)):
        done = subprocess.run([programs.program("cloudboxd"), *args], capture_output=True, text=True)
        assert done.returncode == 0 and "cloudboxd" in done.stdout


def test_errors_go_to_standard_error_without_json(make_terminal):
    t = make_terminal()
    assert t.run("status", json=False, expect=1) == ""
    assert t.stderr.startswith("cloudbox: ")
