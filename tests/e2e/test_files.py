# SPDX-License-Identifier: Apache-2.0
"""Files: conflicts, large ones, names that lead astray, things that are no files, files that grow."""
import os
import shutil
import threading

import pytest

from phone import noise
from programs import named, put, tree


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal()
    t.init(server)
    return t


@pytest.fixture
def folder(phone):
    """An empty app `documents`."""
    path = phone.phone / "documents"
    path.mkdir(exist_ok=True)
    phone.run("apps", "add", "documents", "--adapter", "files", "--path", path)
    yield path
    phone.run("apps", "remove", "documents")
    shutil.rmtree(path, ignore_errors=True)


def save(phone, folder, files):
    put(folder, files)
    phone.run("add", "documents", "--all", "--no")
    return phone.run("backup", "documents")


def test_other_content_at_the_same_path_comes_beside_it_once(phone, folder):
    save(phone, folder, {"IMG.JPG": b"the backup's", "sub/.profile": b"old", "none": b"x"})
    here = {"IMG.JPG": b"the terminal's", "sub/.profile": b"new", "none": b"y"}
    put(folder, here)
    told = phone.run("restore", "documents", "IMG.JPG", "sub/.profile", "none")
    whole = {**here, "IMG (from backup).JPG": b"the backup's",
             "sub/.profile (from backup)": b"old", "none (from backup)": b"x"}
    assert told["written"] == 3 and tree(folder) == whole
    assert all("fields_held" in i and i["result"] != "identical" for i in told["items"])
    assert phone.run("restore", "documents", "IMG.JPG", "sub/.profile", "none")["written"] == 0
    assert tree(folder) == whole


def test_a_large_file_of_several_chunks_comes_back_to_the_byte(phone, folder):
    content = noise(9 << 20, seed=9)
    told = save(phone, folder, {"film.bin": content})
    [item] = told["uploaded"]
    assert item["bytes"] > len(content)
    assert item["bytes"] < len(content) * 1.035 + 4096
    (folder / "film.bin").unlink()
    assert phone.run("restore", "documents", "film.bin")["written"] == 1
    assert (folder / "film.bin").read_bytes() == content


def test_a_file_that_moved_sends_its_chunks_no_second_time(phone, folder):
    content = noise(1 << 20, seed=10)
    save(phone, folder, {"one.bin": content})
    (folder / "one.bin").rename(folder / "two.bin")
    phone.run("add", "documents", "two.bin")
    told = phone.run("backup", "documents", "two.bin")
    assert told["bytes_sent"] < 4096


@pytest.mark.parametrize("size", [0, 1, 2048, 32768, 32769, (4 << 20) - 1, 4 << 20, (4 << 20) + 1])
def test_every_size_at_a_limit_comes_back_to_the_byte(phone, folder, size):
    content = noise(size, seed=size)
    save(phone, folder, {"f": content})
    (folder / "f").unlink()
    phone.run("restore", "documents", "f")
    assert (folder / "f").read_bytes() == content


def test_links_pipes_and_sockets_are_no_items_and_stay(phone, folder):
    put(folder, {"real": b"real"})
    (folder / "link").symlink_to("real")
    (folder / "loop").symlink_to(".")
    (folder / "out").symlink_to("/etc")
    os.mkfifo(folder / "pipe")
    assert named(phone.run("items", "documents")) == ["real"]
    told = save(phone, folder, {})
    assert named(told["uploaded"]) == ["real"] and told["failed"] == []
    phone.run("restore", "documents", "real")
    assert (folder / "loop").is_symlink() and (folder / "out").is_symlink()


def test_a_folder_that_became_a_link_leads_nowhere(phone, folder, tmp_path):
    save(phone, folder, {"sub/file": b"inside"})
    shutil.rmtree(folder / "sub")
    (tmp_path / "elsewhere").mkdir()
    (folder / "sub").symlink_to(tmp_path / "elsewhere")
    told = phone.run("restore", "documents", "sub/file", expect=3)
    [item] = told["items"]
    assert item["result"] == "failed" and item["reason"]
    assert tree(tmp_path / "elsewhere") == {}


def test_a_file_that_became_a_folder_is_not_replaced(phone, folder):
    save(phone, folder, {"thing": b"file"})
    (folder / "thing").unlink()
    put(folder, {"thing/inner": b"now a folder"})
    told = phone.run("restore", "documents", "thing", expect=None)
    assert tree(folder)["thing/inner"] == b"now a folder"
    assert told["items"][0]["reason"]


def test_names_are_bytes_and_come_back_as_stored(phone, folder):
    files = {b"caf\xe9": b"latin-1", "café".encode(): b"NFC", "cafe\u0301".encode(): b"NFD",
             b"new\nline": b"1", b"tab\t": b"2", b" blank ": b"3", b"-rf": b"4", b"\xff\xfe": b"5",
             b"a" * 255: b"6", "汉字/文件.txt".encode(): b"7", b"C:\\dos": b"8", b"...": b"9"}
    put(folder, files)
    saved = tree(os.fsencode(folder))
    told = save(phone, folder, {})
    assert len(told["uploaded"]) == len(files) and told["failed"] == []
    shutil.rmtree(folder)
    folder.mkdir()
    told = phone.run("restore", "documents")
    assert tree(os.fsencode(folder)).items() >= saved.items()
    listed = phone.run("box", "documents")
    short = [s["id"] for s in listed if all(c in "0123456789abcdef" for c in s["id"]) and 8 <= len(s["id"]) <= 32]
    assert len(short) == 4  # the two of other encodings, and the two with control characters
    assert phone.run("backup", "documents", *short)["unchanged"] == 4


def test_a_file_that_grows_while_it_is_read_is_whole_or_reported(phone, folder):
    """It grows until the backup is done; whatever was saved is one of its states."""
    path = folder / "growing.log"
    block = noise(65536, seed=3)
    path.write_bytes(block * 160)
    phone.run("add", "documents", "growing.log")
    stop = threading.Event()

    def grow():
        with open(path, "ab", buffering=0) as file:
            while not stop.is_set():
                file.write(block)
                if file.tell() > 64 << 20:
                    file.truncate(160 * 65536)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        told = phone.run("backup", "documents", "growing.log", expect=None)
    finally:
        stop.set()
        writer.join()
    if told["failed"]:
        assert told["failed"][0]["reason"] and not told["uploaded"]
    else:
        path.unlink()
        phone.run("restore", "documents", "growing.log")
        content = path.read_bytes()
        assert len(content) % 65536 == 0 and content == block * (len(content) // 65536)


def test_an_unreadable_file_is_named_and_its_neighbours_go_on(phone, folder):
    put(folder, {"good": b"good", "bad": b"bad"})
    phone.run("add", "documents", "--all")
    (folder / "bad").unlink()
    (folder / "bad").symlink_to("good")
    told = phone.run("backup", "documents", expect=None)
    assert named(told["uploaded"]) == ["good"]
    assert "bad" in named(told["failed"]) + named(told["missing"])
