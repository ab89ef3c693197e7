# SPDX-License-Identifier: Apache-2.0
"""The two programs as a person or an operator meets them: a running `Server`, a `Terminal`.

Both start the real binaries of $CLOUDBOX_BUILD (default: build/ beside the sources) with an
environment of their own, so nothing of the machine's settings or data takes part.
"""
import codecs
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CLOUDBOX_BUILD", ROOT / "build")).resolve()
PASSPHRASE = "seven purple otters at noon"
PATIENCE = int(os.environ.get("CLOUDBOX_PATIENCE", "120"))  # seconds; whatever takes longer hangs

SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error: ")


def program(name):
    """Where a program lies: beside the build folder's links, or where meson puts it."""
    for path in (BUILD / name, BUILD / {"cloudbox": "terminal/cli", "cloudboxd": "server"}[name] / name):
        if path.is_file():
            return str(path)
    raise FileNotFoundError(f"no {name} in {BUILD}: type 'make', or set CLOUDBOX_BUILD")


def environment(home, **more):
    """What a program is told of the machine it runs on."""
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TZ": "UTC"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "CLOUDBOX_LOCALE_DIR"):
        if name in os.environ:
            env[name] = os.environ[name]
    return {**env, **{name: str(value) for name, value in more.items() if value is not None}}


def wait_until(condition, what, patience=PATIENCE):
    """Ask until the answer is true, and return it."""
    end = time.monotonic() + patience
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < end, f"not within {patience} s: {what}"
        time.sleep(0.005)


class Server:
    """A `cloudboxd serve` on a free port of 127.0.0.1 in a folder of its own.

    `within` is a command that starts another one inside a namespace (mounts.py, wire.py); `url` is
    the address that invitations name, for a relay in front; `options` go to `serve`."""

    def __init__(self, folder, plain=False, url=None, within=(), options=(), host="127.0.0.1"):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.plain, self.url, self.within, self.options = plain, url, list(within), list(options)
        self.address = None  # https://127.0.0.1:PORT
        self.port = None
        self.host = host
        self._listen = f"{host}:0"
        self._process = self._pump = None
        self.env = {}  # of the next start, besides
        self._ready = threading.Event()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(exist_ok=True)

    def _read_output(self, stream):
        with open(self.log, "ab") as log:
            for line in stream:
                log.write(line)
                log.flush()
                found = re.search(rb"listening on (https?://[0-9.]+:(\d+))", line)
                if found:
                    self.address, self.port = found[1].decode(), int(found[2])
                    self._ready.set()
        self._ready.set()  # it ended

    def launch(self):
        """Begin to start."""
        command = [*self.within, program("cloudboxd"), "serve", "--data", str(self.data),
                   "--listen", self._listen]
        command += ["--plain-http"] if self.plain else []
        command += ["--url", self.url] if self.url else []
        command += self.options
        self._ready.clear()
        self.address = None
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environment(self.folder, **self.env))
        self._pump = threading.Thread(target=self._read_output, args=(self._process.stdout,))
        self._pump.start()

    def start(self):
        self.launch()
        self._ready.wait(PATIENCE)
        assert self.address, f"the server did not start: {self.output()}"
        self._listen = f"{self.host}:{self.port}"  # a restart is found where it was
        return self

    @property
    def pid(self):
        return self._process.pid

    def is_alive(self):
        return self._process is not None and self._process.poll() is None

    def output(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _ended(self):
        status = self._process.wait(PATIENCE)
        self._pump.join(PATIENCE)
        assert not SANITIZER.search(self.output()), self.output()
        return status

    def stop(self):
        """SIGTERM: it ends by itself, with 0."""
        if not self.is_alive():
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            status = self._ended()
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        assert status == 0, f"cloudboxd ended with {status} after SIGTERM: {self.output()}"

    def ended(self):
        """How it ended by itself."""
        return self._ended()

    def kill(self):
        self._process.kill()
        self._process.wait(PATIENCE)
        self._pump.join(PATIENCE)

    def run(self, *args, expect=0):
        """An operator's command; its JSON."""
        done = subprocess.run(
            [*self.within, program("cloudboxd"), *args, "--data", str(self.data), "--json"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
            env=environment(self.folder))
        told = f"cloudboxd {' '.join(args)}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert not SANITIZER.search(done.stderr), told
        assert done.returncode == expect, told
        return json.loads(done.stdout)

    def invite(self, *args):
        return self.run("invite", *args)["invitation"]


class Running:
    """A terminal's command that was started and not waited for."""

    def __init__(self, command, env):
        self.command = command
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True, env=env)
        self.pid = self._process.pid
        self.stderr, self.stdout = "", ""
        self._readers = [threading.Thread(target=self._read_stderr),
                         threading.Thread(target=self._read_stdout)]
        for reader in self._readers:
            reader.start()

    def _read_stderr(self):
        for line in self._process.stderr:
            self.stderr += line

    def _read_stdout(self):
        for line in self._process.stdout:
            self.stdout += line

    def is_alive(self):
        return self._process.poll() is None

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        """As a phone dies: at once."""
        self._process.kill()
        self._collect()

    def _collect(self):
        status = self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return status

    def finish(self, expect=0):
        status = self._collect()
        told = f"{' '.join(self.command)}: {status}\n{self.stdout}{self.stderr}"
        assert not SANITIZER.search(self.stderr), told
        assert status in (expect if isinstance(expect, tuple) else (expect,)), told
        return json.loads(self.stdout) if self.stdout.strip() else None


class Terminal:
    """One phone: a Box of its own (`home`) and data beside it (`phone`)."""

    def __init__(self, folder, name="phone", within=()):
        self.folder = pathlib.Path(folder)
        self.home = self.folder / "box"
        self.phone = self.folder / "phone"
        self.name, self.within = name, list(within)
        self.passphrase = PASSPHRASE
        self.account = self.device = self.server = self.recovery_code = None
        self.stderr = ""  # of the newest command
        self.env = {}  # of all its commands, besides
        self.phone.mkdir(parents=True, exist_ok=True)

    def _command(self, args, as_json, lang=None):
        return [*self.within, program("cloudbox"), *(["--json"] if as_json else []),
                *(["--lang", lang] if lang else []), "--home", str(self.home), *map(str, args)]

    def _environment(self, more):
        passphrase = self.passphrase if "CLOUDBOX_PASSPHRASE" not in more else None
        return environment(self.folder, **{"CLOUDBOX_PASSPHRASE": passphrase, **self.env, **more})

    def run(self, *args, expect=0, json=True, lang=None, stdin=None, env={}):
        """A command's JSON document (json=False: its text).  Its exit status must be `expect`
        (one of them, if a tuple); None: 0 or 3, which is for the story to judge."""
        done = subprocess.run(
            self._command(args, json, lang), input=stdin or "", capture_output=True, text=True,
            errors="surrogateescape", timeout=PATIENCE, env=self._environment(env))
        self.stderr = done.stderr
        told = f"cloudbox {' '.join(map(str, args))!s:.2000}: {done.returncode}\n" \
               f"{done.stdout[:20000]}{done.stderr[:20000]}"
        assert not SANITIZER.search(done.stderr), told
        allowed = (0, 3) if expect is None else expect if isinstance(expect, tuple) else (expect,)
        assert done.returncode in allowed, told
        return parse(done.stdout) if json else done.stdout

    def error(self, *args, expect=1, **how):
        """The error object of a command that fails."""
        document = self.run(*args, expect=expect, **how)
        assert set(document) == {"error"}, document
        return document["error"]

    def start(self, *args, env={}):
        return Running(self._command(args, True), self._environment(env))

    def typed(self, *args, answers=(), expect=0, env={}, columns=0):
        """What stands on the screen of a person who types `answers`: (prompt, answer) pairs in the
        order of asking.  An answer may be a function of the match and the text so far; None: nothing
        is typed.  `columns`: as wide as the screen is; 0: nobody knows."""
        pid, screen = pty.fork()
        if pid == 0:
            if columns:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
            try:
                command = self._command(args, False)
                os.execve(command[0], command, {**self._environment(env), "TERM": "xterm"})
            finally:
                os._exit(127)
        text, read_to, answers = "", 0, list(answers)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")  # a read ends anywhere
        try:
            end = time.monotonic() + PATIENCE
            while True:
                ready, _, _ = select.select([screen], [], [], max(0, end - time.monotonic()))
                assert ready, f"no end, and nothing more on the screen: {text}"
                try:
                    piece = os.read(screen, 65536)
                except OSError:  # EIO: the program closed its terminal
                    break
                if not piece:
                    break
                text += decoder.decode(piece)
                while answers and (found := re.search(answers[0][0], text[read_to:])):
                    read_to += found.end()
                    answer = answers.pop(0)[1]
                    answer = answer(found, text) if callable(answer) else answer
                    if answer is not None:
                        os.write(screen, answer.encode() + b"\n")
        except BaseException:
            os.kill(pid, signal.SIGKILL)
            raise
        finally:
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            os.close(screen)
        assert not SANITIZER.search(text), text
        assert status == expect, f"{status}\n{text}"
        assert not answers, f"never asked for {answers}: {text}"
        return text

    def serve(self, said="waits", env={}):
        """The service of this terminal, which knows no passphrase; once it has said so much."""
        service = self.start("run", env={"CLOUDBOX_PASSPHRASE": None, **env})
        try:
            wait_until(lambda: said in service.stderr or not service.is_alive(), f"the service says {said}")
            assert service.is_alive(), service.finish()
        except BaseException:
            service.kill()
            raise
        return service

    # An account, and the apps on this phone

    def init(self, server, invitation=None, **how):
        told = self.run("init", invitation or server.invite(), "--name", self.name, "--yes", **how)
        self._keep(told)
        self.recovery_code = told["recovery_code"]
        return told

    def join(self, other, *args):
        """Join the account of another terminal with its passphrase."""
        self.passphrase = other.passphrase
        told = self.run("join", other.server, "--account", other.account, "--name", self.name, *args)
        self._keep(told)
        return told

    def _keep(self, told):
        self.account, self.device, self.server = told["account"], told["device"], told["server"]

    def app(self, name, adapter, files, **how):
        """An app whose folder holds `files` (path -> bytes)."""
        folder = self.phone / name
        folder.mkdir(exist_ok=True)
        put(folder, files)
        self.run("apps", "add", name, "--adapter", adapter, "--path", folder, **how)
        return folder

    def contacts(self, cards, **how):
        """contacts: a folder of .vcf; `cards` maps file names (without .vcf) to bytes."""
        return self.app("contacts", "vcard",
                        {f"{name}.vcf": card for name, card in cards.items()}, **how)

    def documents(self, files, **how):
        return self.app("documents", "files", files, **how)


def parse(text):
    """One JSON document and nothing else."""
    return json.loads(text) if text.strip() else None


def put(folder, files):
    for path, content in files.items():
        where = os.path.join(os.fsencode(folder), os.fsencode(path))
        os.makedirs(os.path.dirname(where), exist_ok=True)
        with open(where, "wb") as file:
            file.write(content)


def tree(folder):
    """Every file below a folder: path -> bytes (links: their target, as text)."""
    found = {}
    for here, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(here, name)
            key = os.path.relpath(path, folder)
            if os.path.islink(path):
                found[key] = "-> " + os.readlink(path)
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    found[key] = file.read()
            else:
                found[key] = "neither file nor link"
    return found


def by_name(items):
    """Items of one of the JSON lists by their name."""
    named = {}
    for item in items:
        assert item["name"] not in named, f"twice: {item['name']}"
        named[item["name"]] = item
    return named


def named(items):
    return [item["name"] for item in items]
