# SPDX-License-Identifier: Apache-2.0
"""The home region: numbers without + are at home somewhere, if somebody says where."""
import pytest

from phone import card
from programs import BUILD, tree

MODULE = BUILD / "lib" / "phone" / "cloudbox-phone-numbers.so"
pytestmark = pytest.mark.skipif(not MODULE.exists(), reason="built without libphonenumber")

NATIONAL = card("Ann", uid="ann", tel="(415) 555-1212")
INTERNATIONAL = card("Ann", uid="ann", tel="+14155551212")


@pytest.fixture(scope="module")
def phone(make_terminal, server):
    t = make_terminal("phone")
    t.init(server)
    return t


def restored(t, saved, here):
    """The result of restoring `saved` over `here`, twice; and what is here then."""
    t.contacts({"a": saved})
    t.run("add", "contacts", "--all", "--yes")
    t.run("backup")
    t.contacts({"a": here})
    [item] = t.run("restore", "contacts")["items"]
    assert t.run("restore", "contacts")["written"] == 0
    return item["result"], tree(t.phone / "contacts")["a.vcf"]


def test_without_a_region_a_national_number_is_another_number(phone):
    assert phone.run("region") == {"region": None, "from": "locale", "numbers": True}
    assert phone.run("status")["region"] is None
    for word in "USA", "XX", "1", "", "Germany":
        assert phone.error("region", word, expect=2)["code"] == "usage"
    result, now = restored(phone, NATIONAL, INTERNATIONAL)
    assert result == "merged" and now.count(b"TEL") == 2
    assert phone.run("region")["region"] is None


def test_in_its_region_it_is_the_same_number_on_whichever_side(phone):
    assert phone.run("region", "us") == {"region": "US", "from": "setting", "numbers": True}
    assert phone.run("status")["region"] == "US"
    assert restored(phone, NATIONAL, INTERNATIONAL) == ("identical", INTERNATIONAL)
    assert restored(phone, INTERNATIONAL, NATIONAL) == ("identical", NATIONAL)


def test_what_was_restored_in_a_region_is_read_in_another(phone):
    phone.run("region", "US")
    result, now = restored(phone, card("Ann", uid="ann", tel=["030 901820", "+1 415 555 1212"]),
                           NATIONAL)
    assert result == "merged" and now.count(b"TEL") == 2
    phone.run("region", "DE")
    assert phone.run("restore", "contacts")["written"] == 1  # in Germany the American one is new
    phone.run("region", "none")
    assert phone.run("region") == {"region": None, "from": "setting", "numbers": True}
    assert phone.run("restore", "contacts")["written"] == 0


def test_it_travels_with_the_box(phone, make_terminal):
    new = make_terminal("new")
    phone.run("region", "US")
    phone.run("backup")
    new.join(phone)
    assert new.run("region")["region"] is None
    new.run("restore", "box", "--from", "phone")
    assert new.run("region") == {"region": "US", "from": "setting", "numbers": True}


def test_the_locale_says_at_first_and_without_the_module_all_works(make_terminal, server):
    hidden = ["unshare", "-rm", "sh", "-c", 'mount --bind /dev/null "$0" && exec "$@"', str(MODULE)]
    t = make_terminal(within=hidden)
    t.init(server, env={"LC_ALL": "", "LANG": "en_US.UTF-8"})
    assert t.run("region", env={"LC_ALL": "fr_FR.UTF-8"}) == \
        {"region": "US", "from": "setting", "numbers": False}
    assert "libphonenumber" in t.stderr
    result, now = restored(t, NATIONAL, INTERNATIONAL)
    assert result == "merged" and now.count(b"TEL") == 2
    t.run("restore", "contacts")
    assert "libphonenumber" in t.stderr
