# SPDX-License-Identifier: Apache-2.0
"""A long, slow, lossy link between two network namespaces, by tunwire.c of $CLOUDBOX_ENGINES (root).

    with Wire(folder, delay_ms=150, loss=3, kbit=2000) as wire:
        Server(..., within=wire.far, host=wire.FAR); Terminal(..., within=wire.near)
        wire.toggle()   # down; once more: up

The kernel's own TCP runs at both ends.  Losses are the same for the same seed.
"""
import os
import shutil
import signal
import subprocess

import pytest

from flaky import engine


class Wire:
    FAR = "10.98.0.2"

    def __init__(self, folder, delay_ms, loss, kbit, jitter_ms=10, seed=1):
        source = engine("tunwire.c")
        for program in ("ip", "gcc"):
            if not shutil.which(program):
                pytest.skip(f"no {program}: tools/deps.sh check")
        if not os.path.exists("/dev/net/tun"):
            pytest.skip("no /dev/net/tun here")
        program = folder / "tunwire"
        subprocess.run(["gcc", "-O2", "-w", source, "-o", program], check=True)
        self._names = [f"cloudbox-{os.getpid()}-{end}" for end in "ab"]
        self._made, self._process = [], None
        for name in self._names:
            done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
            if done.returncode:
                self.close()
                pytest.skip(f"no network namespace here: {done.stderr.strip()}")
            self._made.append(name)
        self._process = subprocess.Popen(
            [program, *self._names, *map(str, (delay_ms, jitter_ms, loss, kbit))], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "SEED": str(seed)})
        if self._process.stdout.readline() != "up\n":
            why = self._process.communicate()[1].strip()
            self.close()
            pytest.skip(f"no link here: {why}")
        self.near, self.far = (["ip", "netns", "exec", name] for name in self._names)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()

    def toggle(self):
        """Down: nothing arrives any more, and nobody is told; or up again."""
        self._process.send_signal(signal.SIGUSR1)

    def close(self):
        """What the link did, in the words of tunwire."""
        told = ""
        if self._process:
            self._process.terminate()
            told = self._process.communicate()[1]
        for name in self._made:
            subprocess.run(["ip", "netns", "del", name], check=False)
        self._made, self._process = [], None
        return told
