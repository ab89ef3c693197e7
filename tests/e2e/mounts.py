# SPDX-License-Identifier: Apache-2.0
"""A file system of a chosen size that only the test's programs see.

    with Disk(folder, "64m") as disk:
        Terminal(..., within=disk.within); disk.resize("1m"); disk.outside(path).read_bytes()

It is a tmpfs in a mount namespace of its own, which a waiting process keeps open.
"""
import os
import pathlib
import subprocess

import pytest


class Disk:
    MOUNT = 'mount -t tmpfs -o "size=$1" tmpfs "$2"'

    def __init__(self, folder, size):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        as_root = os.geteuid() == 0
        keeper = ["unshare", "--mount", *([] if as_root else ["--user", "--map-root-user"]), "sh", "-c",
                  f'{self.MOUNT} && echo ready && exec cat', "sh", str(size),
                  str(self.folder)]
        try:
            self._keeper = subprocess.Popen(keeper, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=subprocess.PIPE, text=True)
        except FileNotFoundError as problem:
            pytest.skip(f"no private mount namespace: {problem}")
        if self._keeper.stdout.readline() != "ready\n":
            why = self._keeper.communicate()[1].strip()
            pytest.skip(f"no such mount in a private namespace here: {why}")
        self.within = ["nsenter", f"--target={self._keeper.pid}", "--mount",
                       *([] if as_root else ["--user", "--preserve-credentials"]), "--"]

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()

    def close(self):
        self._keeper.communicate()  # its input ends, and so does it
        self._keeper.wait()

    def resize(self, size):
        """Smaller than what lies there is allowed: then it is full."""
        subprocess.run([*self.within, "mount", "--options-mode", "ignore", "-t", "tmpfs", "-o",
                        f"remount,size={size}", "tmpfs", str(self.folder)],
                       check=True)

    def outside(self, path):
        """The same path as seen from the test."""
        return pathlib.Path(f"/proc/{self._keeper.pid}/root{pathlib.Path(path).resolve()}")


class Fat(Disk):
    """A FAT file system of the kernel's own, on an image file."""
    MOUNT = 'mount -t vfat -o loop,utf8 "$1" "$2"'

    def __init__(self, folder, image):
        with open(image, "wb") as file:
            file.truncate(64 << 20)
        try:
            subprocess.run(["mkfs.vfat", str(image)], check=True, capture_output=True)
        except FileNotFoundError as problem:
            pytest.skip(f"no FAT can be made: {problem}")
        super().__init__(folder, image)


def read_only(folder):
    """For `within`: a command that starts another one, which finds the folder on a file system that is only read."""
    command = ["unshare", "--mount", "sh", "-c",
               'mount --bind -o ro "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"', str(folder)]
    if subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("no private mount namespace here")
    return command
