# SPDX-License-Identifier: Apache-2.0
"""Real browsers on throw-away profiles, without a window: what a story does in them, and what they see.

Firefox is driven by Marionette, its own remote protocol (JSON over TCP; Debian 12 has no geckodriver),
Chromium by Selenium.  Nothing leaves the machine: background networking is off, and stories open no
pages.
"""
import json
import os
import pathlib
import shutil
import socket
import subprocess

import pytest

from programs import PATIENCE, environment, wait_until


def need(*programs):
    """Skip the story, saying why, where a browser is not installed."""
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"no {program}: tools/deps.sh check")


class Firefox:
    """A Firefox that runs on `profile`, which it makes if it is not there."""

    PREFERENCES = {
        "datareporting.policy.dataSubmissionEnabled": False, "toolkit.telemetry.enabled": False,
        "app.normandy.enabled": False, "browser.shell.checkDefaultBrowser": False,
        "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False,
        "extensions.update.enabled": False, "browser.startup.page": 0,
        "browser.aboutwelcome.enabled": False, "browser.bookmarks.restore_default_bookmarks": False,
        "browser.safebrowsing.malware.enabled": False, "browser.safebrowsing.phishing.enabled": False,
        "app.update.enabled": False, "browser.topsites.contile.enabled": False,
        "services.settings.server": "http://127.0.0.1:9/"}

    def __init__(self, profile):
        self.profile = pathlib.Path(profile)
        self.profile.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        (self.profile / "user.js").write_text("".join(
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in {**self.PREFERENCES, "marionette.port": port}.items()))
        self._log = open(self.profile / "firefox.log", "wb")
        self._process = subprocess.Popen(
            ["firefox-esr", "--headless", "--no-remote", "--marionette", "--remote-allow-system-access",
             "--profile", str(self.profile)],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
            env=environment(self.profile.parent, MOZ_HEADLESS=1, MOZ_CRASHREPORTER_DISABLE=1))
        self._number = 0
        self._socket = wait_until(lambda: self._connect(port), "Firefox answers")
        self._socket.settimeout(PATIENCE)
        self._read()  # its greeting
        self._command("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {}}})
        self._command("Marionette:SetContext", {"value": "chrome"})

    def _connect(self, port):
        assert self._process.poll() is None, (self.profile / "firefox.log").read_text(errors="replace")
        try:
            return socket.create_connection(("127.0.0.1", port), 2)
        except OSError:
            return None

    def _read(self):
        head = b""
        while not head.endswith(b":"):
            byte = self._socket.recv(1)
            if not byte:
                raise EOFError("Firefox closed the connection")
            head += byte
        left, body = int(head[:-1]), b""
        while len(body) < left:
            body += self._socket.recv(left - len(body))
        return json.loads(body)

    def _command(self, name, arguments):
        self._number += 1
        body = json.dumps([0, self._number, name, arguments]).encode()
        self._socket.sendall(b"%d:%s" % (len(body), body))
        _, _, error, value = self._read()
        assert not error, error
        return value

    def run(self, body, *arguments):
        """What the body of an async function of Firefox's own returns; P is PlacesUtils, A the arguments."""
        script = ("const {PlacesUtils: P} = ChromeUtils.importESModule('resource://gre/modules/PlacesUtils.sys.mjs');"
                  "const A = arguments, done = A[A.length - 1];"
                  "(async () => {" + body + "})().then(ok => done({ok: ok === undefined ? null : ok}),"
                  " e => done({error: String(e) + e.stack}));")
        told = self._command("WebDriver:ExecuteAsyncScript",
                             {"script": script, "args": list(arguments), "scriptTimeout": PATIENCE * 1000})["value"]
        assert "error" not in told, told
        return told["ok"]

    def bookmarks(self):
        """All that it shows: (path, title, address, tags, keyword), the path from the root's guid on."""
        return sorted(map(tuple, self.run("""
            const out = [];
            const walk = async (node, path) => {
                if (node.uri) {
                    const keyword = await P.keywords.fetch({url: node.uri});
                    const tags = (node.tags || '').split(',').filter(t => t).sort().join(',');
                    out.push([path, node.title || '', node.uri, tags, keyword ? keyword.keyword : '']);
                }
                for (const child of node.children || [])
                    await walk(child, node.guid == 'root________' ? child.guid
                                      : path + (child.children || child.typeCode == 2 ? '/' + child.title : ''));
            };
            await walk(await P.promiseBookmarksTree('root________'), '');
            return out;""")))

    def folders(self):
        """The folders' names."""
        return sorted(self.run("""
            const out = [];
            const walk = node => { if (node.typeCode == 2) out.push(node.title || '');
                                   (node.children || []).forEach(walk); };
            walk(await P.promiseBookmarksTree('root________'));
            return out;"""))

    def assert_coherent(self):
        """Its own maintenance finds nothing to mend."""
        told = dict((name, log) for name, _, log in self.run("""
            const {PlacesDBUtils: D} = ChromeUtils.importESModule('resource://gre/modules/PlacesDBUtils.sys.mjs');
            return [...await D.checkAndFixDatabase()].map(([k, v]) => [k, v.succeeded, v.logs]);"""))
        assert told["checkIntegrity"][0] == "The places.sqlite database is sane", told
        assert told["checkCoherence"] == ["The database is coherent"], told["checkCoherence"]

    def quit(self):
        if self._process.poll() is None:
            try:
                self._command("Marionette:Quit", {"flags": ["eForceQuit"]})
            except (OSError, EOFError):
                pass
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._socket.close()
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.quit()


class Chromium:
    """A Chromium that runs on the user data folder `folder`; its profile is `folder`/Default."""

    def __init__(self, folder):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for word in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--password-store=basic", f"--user-data-dir={self.folder}"):
            options.add_argument(word)
        self._driver = webdriver.Chrome(
            options=options, service=Service(shutil.which("chromedriver"), log_path=os.devnull,
                                             env=environment(self.folder.parent)))
        self._driver.set_script_timeout(PATIENCE)
        self._driver.get("chrome://bookmarks/")  # where pages have chrome.bookmarks

    def run(self, expression):
        """The value of a promise."""
        return self._driver.execute_async_script(
            f"const done = arguments[0]; (async () => {{ {expression} }})().then("
            "ok => done(ok === undefined ? null : ok), e => done(String(e)));")

    def bookmarks(self):
        """All that it shows: (path, title, address), the path from the root's name on."""
        out = []

        def walk(node, path):
            for child in node.get("children", ()):
                if "url" in child:
                    out.append((path.lstrip("/"), child["title"], child["url"]))
                else:
                    walk(child, f"{path}/{child['title']}")

        walk(self.run("return await chrome.bookmarks.getTree()")[0], "")
        return sorted(out)

    def quit(self):
        self._driver.quit()
        wait_until(lambda: not (self.folder / "SingletonLock").is_symlink(), "Chromium is gone")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.quit()


class Web:
    """GNOME Web on an X server and a bus of its own; its data lies in `home`/.local/share/epiphany."""

    def __init__(self, home):
        import desktop

        self.home = pathlib.Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.bookmarks = self.home / ".local/share/epiphany/bookmarks.gvdb"
        self._session = desktop.Session(self.home)
        read, write = os.pipe()
        self._screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1024x768x24", "-nolisten", "tcp"],
            pass_fds=[write], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        with open(read) as told:
            self._env = environment(self.home, DISPLAY=f":{told.readline().strip()}", NO_AT_BRIDGE=1,
                                    DBUS_SYSTEM_BUS_ADDRESS=self._session.env["DBUS_SESSION_BUS_ADDRESS"],
                                    LIBGL_ALWAYS_SOFTWARE=1, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS=1,
                                    **self._session.env)
        self._browser = None

    def bookmark(self, url, title):
        """Open a page and, once its title is the window's, press Ctrl+D until it is written down."""
        with open(self.home / "web.log", "ab") as log:
            self._browser = subprocess.Popen(["epiphany-browser", url], stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=subprocess.STDOUT, env=self._env)
        tries = iter(range(10 ** 9))

        def pressed():
            assert self._browser.poll() is None, (self.home / "web.log").read_text(errors="replace")
            if self.bookmarks.exists() and url.encode() in self.bookmarks.read_bytes():
                return True
            if next(tries) % 100 == 99:  # each 0.5 s: a key that comes too early is lost
                subprocess.run(["sh", "-c", "xdotool search --name \"^$0\" && xdotool key ctrl+d", title],
                               env=self._env, capture_output=True)
            return False

        wait_until(pressed, "GNOME Web keeps the bookmark")

    def quit(self):
        for process in (self._browser, self._screen):
            if process and process.poll() is None:
                process.terminate()
                process.wait(PATIENCE)
        self._session.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.quit()
