# SPDX-License-Identifier: Apache-2.0
"""What a command does not need is not in its memory: libraries are loaded when they are first used."""
import pytest

from phone import card


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal()
    t.init(server)
    t.contacts({"anna": card("Anna", uid="anna", tel="+491701")})
    t.run("add", "contacts", "--all")
    t.run("backup")
    return t


def loaded(phone, folder, *command):
    """The libraries that the loader brought in for one command, by its own account."""
    before = set(folder.iterdir())
    phone.run(*command, env={"LD_DEBUG": "files", "LD_DEBUG_OUTPUT": folder / "ld"})
    told = b"".join(log.read_bytes() for log in set(folder.iterdir()) - before)
    assert b"libsqlite3" in told
    return [name for name in ("libcurl", "libarchive") if name.encode() in told]


@pytest.mark.parametrize("command", [("status",), ("items", "contacts"), ("box",), ("receipts",)],
                         ids=lambda command: command[0])
def test_a_command_that_asks_no_server_loads_no_http(phone, tmp_path, command):
    assert loaded(phone, tmp_path, *command) == []


def test_a_backup_of_nothing_loads_no_http(phone, tmp_path):
    assert loaded(phone, tmp_path, "backup") == []


def test_a_backup_that_sends_loads_it(phone, tmp_path):
    phone.contacts({"bo": card("Bo", uid="bo", tel="+491702")})
    phone.run("add", "contacts", "bo")
    assert loaded(phone, tmp_path, "backup") == ["libcurl"]


def test_an_export_to_a_tar_loads_what_writes_it(phone, tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    assert loaded(phone, tmp_path, "export", "contacts", "--to", made / "a.vcf") == []
    assert loaded(phone, tmp_path, "export", "contacts", "--to", made / "a.tar") == ["libarchive"]
