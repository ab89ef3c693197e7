# SPDX-License-Identifier: Apache-2.0
"""A desktop session for a terminal: a D-Bus, a home folder and settings of its own, in which the real apps
start by themselves, without a display or systemd.  Nothing of the caller's own session takes part."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

import programs

PYTHON = "/usr/bin/python3"  # Debian's own has the bindings (python3-gi)
CLIENT = pathlib.Path(__file__).parent / "eds_client.py"


def need(*names):
    """A story without these programs is skipped, and says so."""
    for name in names:
        if not (shutil.which(name) or os.path.exists(name)):
            pytest.skip(f"{name} is not installed here")


def need_eds():
    need("dbus-daemon", "/usr/libexec/evolution-addressbook-factory")
    if not list(programs.BUILD.rglob("cloudbox-eds.so")):
        pytest.skip("the module for Evolution Data Server was not built: libebook1.2-dev, libecal2.0-dev")
    done = subprocess.run([PYTHON, "-c", "import gi; gi.require_version('EBook', '1.2'); "
                                         "gi.require_version('ECal', '2.0')"], capture_output=True)
    if done.returncode:
        pytest.skip("python3-gi or the bindings of libebook and libecal are not installed")


class Session:
    """A dbus-daemon; what it starts ends with it."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.run = self.home / "run"
        self.run.mkdir(mode=0o700, exist_ok=True)
        settings = self.home / ".config/glib-2.0/settings/keyfile"
        if not settings.exists():  # GNOME Contacts shows its welcome page alone without it
            settings.parent.mkdir(parents=True)
            settings.write_text("[org/gnome/Contacts]\ndid-initial-setup=true\n")
        self.env = {"XDG_RUNTIME_DIR": str(self.run), "GSETTINGS_BACKEND": "keyfile",
                    "GIO_USE_VFS": "local", "GVFS_DISABLE_FUSE": "1"}
        self.start()

    def start(self):
        read, write = os.pipe()
        self._daemon = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--print-address={write}",
             f"--address=unix:path={self.run}/bus"],
            pass_fds=[write], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=programs.environment(self.home, **self.env))
        os.close(write)
        with open(read) as told:
            address = told.readline().strip()
        assert address, "dbus-daemon did not start"
        self.env["DBUS_SESSION_BUS_ADDRESS"] = address

    def stop(self):
        self._daemon.terminate()
        self._daemon.wait(programs.PATIENCE)

    def pid_of(self, name):
        """The process that owns a name on the bus; None: nobody does."""
        done = subprocess.run(
            ["dbus-send", "--session", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/",
             "org.freedesktop.DBus.GetConnectionUnixProcessID", f"string:{name}"],
            capture_output=True, text=True, env=programs.environment(self.home, **self.env))
        return int(done.stdout.split()[-1]) if done.returncode == 0 else None

    def kill(self, name):
        pid = self.pid_of(name)
        assert pid, f"nobody owns {name}"
        os.kill(pid, signal.SIGKILL)


BOOK_SERVICE = "org.gnome.evolution.dataserver.AddressBook10"
CALENDAR_SERVICE = "org.gnome.evolution.dataserver.Calendar8"


class Desktop(programs.Terminal):
    """A terminal within a session of its own."""

    def __init__(self, folder, name="laptop", **how):
        super().__init__(folder, name, **how)
        self.session = Session(self.folder)

    def _environment(self, more):
        return super()._environment({**self.session.env, **more})

    def stop(self):
        self.session.stop()

    def eds(self, kind, what, *args):
        """Ask the service itself: what eds_client.py can do; `args` go in as JSON."""
        done = subprocess.run([PYTHON, str(CLIENT), kind, what], input=json.dumps(args),
                              capture_output=True, text=True, timeout=programs.PATIENCE,
                              env=self._environment({}))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextlib.contextmanager
    def watching(self, kind):
        """Lines such as "added UID", as an app that is open would hear of them."""
        process = subprocess.Popen([PYTHON, str(CLIENT), kind, "watch"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, env=self._environment({}))
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait(programs.PATIENCE)
            process.stdout.close()

    @contextlib.contextmanager
    def churning(self):
        """Another program that writes contacts all the time; gives how many times it did so far."""
        with open(self.folder / "churned", "w+") as lines:
            process = subprocess.Popen([PYTHON, str(CLIENT), "contacts", "churn"], stdin=subprocess.PIPE,
                                       stdout=lines, env=self._environment({}))
            try:
                yield lambda: os.fstat(lines.fileno()).st_size
            finally:
                process.stdin.close()
                assert process.wait(programs.PATIENCE) == 0

    def gnome(self, name, adapter):
        """The app of this desktop's own, in the Box."""
        folder = self.folder / ".local/share/evolution"
        folder.mkdir(parents=True, exist_ok=True)
        self.run("apps", "add", name, "--adapter", adapter, "--path", folder)
