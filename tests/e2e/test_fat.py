# SPDX-License-Identifier: Apache-2.0
"""A phone's card is FAT, which knows no links: what is restored comes there, and replaces nothing."""
import pytest

import mounts
import phone as made
import programs


@pytest.fixture(scope="module")
def on_fat(make_terminal, server, tmp_path_factory):
    where = tmp_path_factory.mktemp("fat")
    with mounts.Fat(where / "phone", where / "image") as disk:
        t = make_terminal("a phone with a FAT card", within=disk.within)
        t.phone, t.disk = disk.folder, disk
        yield t


def outside(t, path):
    return t.disk.outside(t.phone / path)


def test_contacts_and_files_come_back_to_a_fat_card(on_fat, server):
    t = on_fat
    t.init(server)
    cards = made.people(5)
    for app, adapter in (("contacts", "vcard"), ("documents", "files")):
        outside(t, app).mkdir()
        t.run("apps", "add", app, "--adapter", adapter, "--path", t.phone / app)
    programs.put(outside(t, "contacts"), {f"{name}.vcf": raw for name, raw in cards.items()})
    programs.put(outside(t, "documents"), {"a.txt": b"a", "sub/b.txt": b"b"})
    t.run("add", "contacts", "--all")
    t.run("add", "documents", "--all")
    t.run("backup")
    for path in ("contacts/p00001.vcf", "contacts/p00002.vcf", "documents/a.txt"):
        outside(t, path).unlink()
    outside(t, "documents/sub/b.txt").write_bytes(b"mine")
    told = t.run("restore")
    assert told["written"] == 4
    for name in ("p00001", "p00002"):
        assert outside(t, f"contacts/{name}.vcf").read_bytes() == cards[name]
    assert outside(t, "documents/a.txt").read_bytes() == b"a"
    assert outside(t, "documents/sub/b.txt").read_bytes() == b"mine"
    assert outside(t, "documents/sub/b (from backup).txt").read_bytes() == b"b"
    assert t.run("restore")["written"] == 0
