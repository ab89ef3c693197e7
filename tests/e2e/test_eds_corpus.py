# SPDX-License-Identifier: Apache-2.0
"""Real contacts of many programs in Evolution Data Server: all come in, and a second time nothing is written."""
import collections

import pytest

import corpus
import desktop


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    made = make_terminal()
    made.init(server)
    return made


@pytest.fixture(scope="module")
def gnome(phone, tmp_path_factory):
    desktop.need_eds()
    made = desktop.Desktop(tmp_path_factory.mktemp("desktop"))
    made.join(phone)
    made.gnome("contacts", "eds-contacts")
    yield made
    made.stop()


def results(told):
    return collections.Counter(i["result"] for i in told["items"])


def test_every_card_of_the_corpus_comes_in_and_a_second_restore_writes_nothing(phone, gnome):
    phone.contacts({name.replace("/", "_").removesuffix(".vcf"): raw
                    for name, raw in corpus.files("contacts").items() if name.endswith(".vcf")})
    n = len(phone.run("items", "contacts", expect=None))
    assert n > 1000
    phone.run("add", "contacts", "--all", expect=None)
    phone.run("backup", expect=None)
    told = gnome.run("restore", "contacts", "--from", phone.device)
    assert results(told) == {"added": n}, [i for i in told["items"] if i["result"] != "added"]
    there = gnome.eds("contacts", "list")
    assert len(there) == n
    told = gnome.run("restore", "contacts", "--from", phone.device)
    assert results(told) == {"identical": n}, [i for i in told["items"] if i["result"] != "identical"]
    assert gnome.eds("contacts", "list") == there
    # and from there to a folder of files: what came through the service is still the same
    assert len(gnome.run("add", "contacts", "--all")["added"]) == n
    assert len(gnome.run("backup")["uploaded"]) == n
    assert len({i["id"] for i in phone.run("cloud", "contacts", "--from", gnome.device)}) == n
    told = phone.run("restore", "contacts", "--from", gnome.device, expect=None)
    assert results(told) == {"identical": n}, [i for i in told["items"] if i["result"] != "identical"]
