# SPDX-License-Identifier: Apache-2.0
"""Whatever call fails, whenever the program is killed: nothing is lost (faults.py says what that is).

A few points of each scenario, by chance; CLOUDBOX_FULL=1: all of them, with their number.
"""
import os
import random

import pytest

import faults
from programs import BUILD

FULL = os.environ.get("CLOUDBOX_FULL") == "1"
SEED = int(os.environ.get("CLOUDBOX_SEED", int.from_bytes(os.urandom(3), "big")))
POINTS = 4  # of a scenario, each of another way
COSTLY = 2  # of init, which makes a passphrase into keys two times a point
SLOW = ("net-ever",)  # half a minute of waiting a point: with CLOUDBOX_FULL=1 only

pytestmark = pytest.mark.skipif(not (BUILD / "tests/fault/libfault.so").is_file(),
                                reason=f"no tests/fault/libfault.so in {BUILD}: built without -Dtests")


@pytest.fixture(scope="module")
def sweep():
    sweep = faults.Sweep(os.cpu_count() if FULL else 1)
    yield sweep
    sweep.close()


@pytest.mark.parametrize("scenario", faults.SCENARIOS.values(), ids=lambda s: s.name.replace(" ", "-"))
def test_a_command_that_meets_a_fault_loses_nothing_and_is_done_again(sweep, scenario, capsys):
    chance = random.Random(f"{SEED} {scenario.name}")
    ways = faults.ways_of(scenario)
    if not FULL:
        ways = chance.sample([way for way in ways if way.name not in SLOW],
                             COSTLY if scenario.env else POINTS)
    problems = []
    for way in ways:
        met, calls, lost = sweep.run(scenario, way, None if FULL else 1, chance)
        problems += lost
        with capsys.disabled():
            if FULL:
                print(f"{scenario.name}, {way.name}: {met} of {calls} points, {len(lost)} lost")
    assert not problems, f"seed {SEED}\n" + "\n".join(problems)


def test_a_source_that_cannot_be_read_is_failed_and_nothing_else_is(server, make_terminal):
    phone = make_terminal("phone")
    phone.init(server)
    phone.contacts({name: faults.CARDS[name] for name in ("p00001", "p00002")})
    path = phone.phone / "contacts" / "p00001.vcf"
    env = {"LD_PRELOAD": faults.LIBRARY, "FAULT_CLASS": "read", "FAULT_DO": "EIO", "FAULT_PATH": path,
           "FAULT_AT": "1", "FAULT_EVER": "1"}
    listed = phone.run("items", "contacts", expect=3, env=env)
    assert [i["id"] for i in listed] == ["uid-1-2"]
    told = phone.run("add", "contacts", "--all", expect=3, env=env)
    assert [a["id"] for a in told["added"]] == ["uid-1-2"]
    assert [(f["app"], f["id"]) for f in told["failed"]] == [("contacts", "p00001.vcf")]
    assert told["failed"][0]["reason"]
    assert phone.run("add", "contacts", "uid-1-2", "--no", env=env)["kept"]
    assert len(phone.run("add", "contacts", "--all", "--no")["added"]) == 1
