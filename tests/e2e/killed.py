# SPDX-License-Identifier: Apache-2.0
"""A command that is killed before one of its calls that can lose data, then before another: some of them by a seed
(CLOUDBOX_SEED), with CLOUDBOX_FULL=1 each."""
import os
import random
import shutil

import pytest

import faults

SEED = int(os.environ.get("CLOUDBOX_SEED", "1"))
FULL = bool(os.environ.get("CLOUDBOX_FULL"))

needs_faults = pytest.mark.skipif(not faults.LIBRARY.is_file(),
                                  reason="no tests/fault/libfault.so: built without -Dtests")


def keep(t, aside, *folders):
    """A function that puts these folders of the terminal back as they are now."""
    for name in folders:
        shutil.copytree(t.folder / name, aside / name, symlinks=True)

    def put_back():
        for name in folders:
            shutil.rmtree(t.folder / name)
            shutil.copytree(aside / name, t.folder / name, symlinks=True)

    return put_back


def each(t, aside, put_back, *command, sample=6):
    """Where it was killed, again and again; before the first time it runs whole, and comes here as None."""
    def run(n):
        fault = faults.Fault(aside, faults.WAYS["kill-before"], n, str(t.folder))
        t.run(*command, expect=(0, 1, 3, -9), env=fault.env)
        return fault

    calls = run(10**9).calls()
    yield None
    points = range(1, calls + 1)
    if not FULL:
        points = sorted(random.Random(SEED).sample(points, sample))
    print(f"{' '.join(command)}: killed at {len(points)} of {calls} calls, seed {SEED}")
    for n in points:
        put_back()
        fault = run(n)
        yield f"{n} of {calls}: {fault.place()}"
