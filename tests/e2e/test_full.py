# SPDX-License-Identifier: Apache-2.0
"""No room: the quota, the server's disk, the terminal's disk.  Nothing is evicted, all go on after."""
import pytest

import mounts
from phone import noise, people
from programs import named, put, tree


def test_where_the_quota_is_full_it_is_said_and_later_backups_go_on(make_terminal, server):
    t = make_terminal()
    t.init(server, server.invite("--quota", "2M"))
    folder = t.documents({"small": b"small", "large": noise(3 << 20)})
    t.run("add", "documents", "small")
    t.run("backup")
    t.run("add", "documents", "large")
    told = t.error("backup", expect=1)
    assert told["code"] == "full" and "quota" in told["message"]
    assert server.is_alive()
    assert named(t.run("cloud")) == ["small"]  # nothing was evicted for it
    assert t.error("backup", expect=1)["code"] == "full"
    (folder / "large").write_bytes(noise(1 << 20))
    t.run("backup")
    assert named(t.run("cloud")) == ["large", "small"]


def test_a_larger_quota_lets_the_backup_go_on(make_terminal, server):
    t = make_terminal()
    t.init(server, server.invite("--quota", "1M"))
    t.documents({"large": noise(2 << 20)})
    t.run("add", "documents", "large")
    assert t.error("backup", expect=1)["code"] == "full"
    server.run("account", t.account, "--quota", "1G")
    t.run("backup")
    assert named(t.run("cloud")) == ["large"]


@pytest.fixture
def disk(tmp_path):
    with mounts.Disk(tmp_path / "disk", "16g") as disk:
        yield disk


def test_a_full_disk_of_the_server_refuses_and_later_goes_on(disk, make_server, make_terminal):
    server = make_server(start=False, within=disk.within)
    server.data = disk.folder / "data"
    server.start()
    try:
        t = make_terminal()
        t.init(server)
        folder = t.contacts(people(3))
        t.documents({"large": noise(1 << 20)})
        t.run("add", "contacts", "--all")
        t.run("backup")
        disk.resize("8m")
        (folder / "p00000.vcf").write_bytes(people(3, seed=2)["p00000"])
        t.run("add", "contacts", "--all", "--no")
        t.run("add", "documents", "--all")
        told = t.error("backup", expect=1)
        assert told["code"] == "full" and "disk" in told["message"]
        assert server.is_alive() and server.run("usage")["accounts"] == 1
        assert len(t.run("cloud")) == 3  # it still gives what it has
        disk.resize("16g")
        t.run("backup")
        assert "large" in named(t.run("cloud")) and server.run("check")["damaged"] == []
    finally:
        server.stop()


def on_disk(disk, make_terminal):
    """A terminal of which everything lies on the disk."""
    t = make_terminal(within=disk.within)
    t.home, t.phone = disk.folder / "box", disk.folder / "phone"
    disk.outside(t.phone).mkdir()
    return t


def app(t, disk, name, adapter, files):
    folder = disk.outside(t.phone) / name
    folder.mkdir()
    put(folder, files)
    t.run("apps", "add", name, "--adapter", adapter, "--path", t.phone / name)
    return folder


FILES = {f"{i}.bin": noise(400_000, seed=i) for i in range(5)}


def fill(disk):
    """Not a byte more fits."""
    with open(disk.outside(disk.folder) / "filler", "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass


def test_a_full_disk_of_the_terminal_restores_what_fits_and_later_the_rest(disk, make_terminal, server):
    saved = make_terminal()
    saved.init(server)
    saved.documents(FILES)
    saved.run("add", "documents", "--all")
    saved.run("backup")

    disk.resize("1400k")
    t = on_disk(disk, make_terminal)
    t.join(saved)
    folder = app(t, disk, "documents", "files", {})
    told = t.run("restore", "--from", saved.device, expect=(1, 3))
    if "items" in told:
        failed = {i["id"] for i in told["items"] if i["result"] == "failed"}
        assert failed and all(i["reason"] for i in told["items"] if i["result"] == "failed")
        assert tree(folder) == {n: c for n, c in FILES.items() if n not in failed}
    else:
        assert told["error"]["code"] == "full" and tree(folder).items() <= FILES.items()
    disk.resize("64m")
    t.run("restore", "--from", saved.device)
    assert tree(folder) == FILES
    assert t.run("restore", "--from", saved.device)["written"] == 0


def test_a_box_on_a_full_disk_loses_nothing_and_later_goes_on(disk, make_terminal, server):
    disk.resize("4m")
    t = on_disk(disk, make_terminal)
    t.init(server)
    app(t, disk, "contacts", "vcard", {f"{n}.vcf": c for n, c in people(200).items()})
    t.run("add", "contacts", "uid-1-0", "uid-1-1")
    t.run("backup")
    fill(disk)
    for command in (("add", "contacts", "--all", "--no"), ("backup",)):
        told = t.run(*command, expect=(0, 1))
        if "error" in told:
            assert told["error"]["code"] == "full", told
    assert len(t.run("cloud")) >= 2
    (disk.outside(disk.folder) / "filler").unlink()
    t.run("add", "contacts", "--all", "--no")
    t.run("backup")
    assert len(t.run("cloud")) == 200
    assert t.run("backup")["requests"] == 0


def test_a_merge_on_a_full_disk_leaves_the_file_whole(disk, make_terminal, server):
    disk.resize("4m")
    t = on_disk(disk, make_terminal)
    t.init(server)
    cards = list(people(400).values())
    book = disk.outside(t.phone) / "book.vcf"
    book.write_bytes(b"".join(cards))
    t.run("apps", "add", "contacts", "--adapter", "vcard", "--path", t.phone / "book.vcf")
    t.run("add", "contacts", "--all")
    t.run("backup")
    book.write_bytes(b"".join(cards[:200]))
    t.run("items", "contacts")
    fill(disk)
    told = t.run("restore", expect=(0, 1, 3))
    assert book.read_bytes().startswith(b"".join(cards[:200]))
    if "error" in told or told["written"] == 0:
        assert book.read_bytes() == b"".join(cards[:200])
    (disk.outside(disk.folder) / "filler").unlink()
    t.run("restore")
    assert sorted(book.read_bytes().split(b"BEGIN:")) == sorted(b"".join(cards).split(b"BEGIN:"))
