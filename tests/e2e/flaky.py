# SPDX-License-Identifier: Apache-2.0
"""An ext4 disk that fails, by flakydisk-up.sh of $CLOUDBOX_ENGINES (nbdkit, FUSE, a loop device; root).

    with FlakyDisk(folder, mib=64) as disk:
        disk.fail(); ...; disk.heal(); disk.remount()

While it fails, its writes and flushes end with EIO: all, or the share that `rate` says.  remount()
is what a power cut and a check leave: only what really lies on the disk is there afterwards.

The disk must not lie by itself.  FUSE takes a write apart at its largest request and at a page that
it covers partly; where a later part fails it says how much was written, and the loop device (seen
with Linux 6.18) calls the whole write done.  So the file system's blocks are whole pages, and no
request is large.  With blocks of 1 KiB, as mkfs makes them on a disk this small, one in ten of such
writes that were told to be done was not; test_disk.py looks.
"""
import mmap
import os
import pathlib
import shutil
import subprocess

import pytest

REQUEST_KIB = 128  # at most, of the loop device
PROGRAMS = ("nbdkit", "nbdfuse", "losetup", "mkfs.ext4", "e2fsck")


def engine(name):
    """A tool for faults; a story without it is skipped, and says so."""
    named = os.environ.get("CLOUDBOX_ENGINES")
    if not named:
        pytest.skip("CLOUDBOX_ENGINES names no folder of tools for faults")
    tool = pathlib.Path(named) / name
    if not tool.is_file():
        pytest.skip(f"no {tool}: CLOUDBOX_ENGINES names its folder")
    if os.geteuid() != 0:
        pytest.skip(f"{name} needs root")
    return tool


class FlakyDisk:
    def __init__(self, folder, mib=64, rate="100%"):
        self._up, self._down = engine("flakydisk-up.sh"), engine("flakydisk-down.sh")
        for program in PROGRAMS:
            if not shutil.which(program):
                pytest.skip(f"no {program}: tools/deps.sh check")
        for device in ("/dev/fuse", "/dev/loop-control"):
            if not os.path.exists(device):
                pytest.skip(f"no {device} here")
        self.folder, self.mib, self.rate = pathlib.Path(folder), mib, rate
        self.image = self.folder / "disk.img"
        self._format()
        self._start()

    def _format(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.image, "xb") as file:
            file.truncate(self.mib << 20)
        subprocess.run(["mkfs.ext4", "-q", "-b", str(mmap.PAGESIZE),
                        "-E", "lazy_itable_init=0,lazy_journal_init=0", self.image], check=True, timeout=60)

    def _start(self, again=False):
        done = subprocess.run([self._up, self.folder], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "DISK_MIB": str(self.mib), "ERR_RATE": self.rate})
        told = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
        if done.returncode or "FLAKY_MOUNT" not in told:
            self.close()
            assert not again, f"the disk does not come back: {done.stderr.strip()}"
            pytest.skip(f"no flaky disk here: {done.stderr.strip()}")
        self.mount, self._trigger = pathlib.Path(told["FLAKY_MOUNT"]), pathlib.Path(told["FLAKY_TRIGGER"])
        self.loop = pathlib.Path(told["FLAKY_LOOP"])
        queue = pathlib.Path("/sys/block", self.loop.name, "queue")
        (queue / "max_sectors_kb").write_text(str(REQUEST_KIB))

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()

    def close(self):
        subprocess.run([self._down, "--wipe", self.folder], check=False, timeout=60)

    def fail(self):
        self._trigger.touch()

    def heal(self):
        self._trigger.unlink(missing_ok=True)

    def remount(self, rate=None):
        """Forget all that is in memory only.  Nobody may use the disk meanwhile."""
        self.heal()
        subprocess.run([self._down, self.folder], check=True, timeout=60)
        # As at each start of a machine; 1: something was mended, a journal cut off, say.
        done = subprocess.run(["e2fsck", "-f", "-y", self.image], capture_output=True, text=True,
                              timeout=60)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        self.rate = rate or self.rate
        self._start(again=True)

    def sync(self):
        """What was made ready lies on the disk before it fails."""
        subprocess.run(["sync", "-f", self.mount], check=True, timeout=60)

    def fill(self):
        """Not a byte more fits."""
        with open(self.mount / "filler", "wb", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    pass
            os.fsync(file.fileno())

    def make_room(self):
        (self.mount / "filler").unlink()
