# SPDX-License-Identifier: Apache-2.0
"""The real programs of a Linux phone (Chatty, GNOME Calls) on a screen that nobody sees."""
import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile

import desktop
import programs


def select(path, sql, *parameters):
    """What a program's database says, by a copy: a lock at the wrong moment would break the program.
    None: there is no whole database yet."""
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "db")
        try:
            for suffix in ("", "-wal", "-journal"):
                if os.path.exists(f"{path}{suffix}"):
                    shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
            with contextlib.closing(sqlite3.connect(copy)) as db:
                return db.execute(sql, parameters).fetchall() if os.path.exists(path) else None
        except (FileNotFoundError, sqlite3.DatabaseError):
            return None


class Phone(desktop.Desktop):
    """A terminal in a session of its own, whose home is the phone's."""

    def __init__(self, folder, name="phone", **how):
        super().__init__(folder, name, **how)
        self.data = self.folder / ".local/share"

    @contextlib.contextmanager
    def screen(self):
        """The environment of a program that has an X server of a phone's size."""
        read, write = os.pipe()
        server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "412x915x24", "-nolisten", "tcp"],
                                  pass_fds=[write], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        os.close(write)
        try:
            with open(read) as told:
                number = told.readline().strip()
            assert number, "Xvfb did not start"
            # A system bus, too: Chatty lists messages only when there is one.
            yield self._environment({"DISPLAY": f":{number}", "NO_AT_BRIDGE": "1", "GDK_BACKEND": "x11",
                                     "DBUS_SYSTEM_BUS_ADDRESS": self.session.env["DBUS_SESSION_BUS_ADDRESS"]})
        finally:
            server.terminate()
            server.wait(programs.PATIENCE)

    @contextlib.contextmanager
    def program(self, *command, owns):
        """A program that runs, from when it has its name on the bus; ended as a session ends it."""
        with self.screen() as env:
            log = open(self.folder / f"{command[0]}.log", "ab")
            process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                programs.wait_until(lambda: self.session.pid_of(owns) == process.pid, f"{command[0]} to start")
                yield env
            finally:
                process.terminate()
                process.wait(programs.PATIENCE)
                log.close()
