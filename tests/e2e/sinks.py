# SPDX-License-Identifier: Apache-2.0
"""A mail server and a webhook on loopback that take what they are given, or do as the story says."""
import email
import email.policy
import http.server
import json
import socketserver
import ssl
import subprocess
import threading

import programs


def certificate(folder):
    """(certificate, key) for 127.0.0.1, whom only --alarm-ca trusts."""
    pem, key = folder / "sink.pem", folder / "sink.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", pem, "-days", "30", "-subj", "/CN=sink",
                    "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
                   check=True, capture_output=True)
    return pem, key


class Mail:
    """One mail as it came."""

    def __init__(self, sender, recipients, data, tls, login):
        self.sender, self.recipients, self.raw = sender, recipients, data
        self.tls, self.login = tls, login
        self.message = email.message_from_bytes(data, policy=email.policy.default)
        self.subject, self.id = self.message["Subject"], self.message["Message-ID"]
        self.text = self.message.get_content()


class _Smtp(socketserver.StreamRequestHandler):
    """RFC 5321, as much of it as a client needs."""

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def setup(self):
        super().setup()
        self.tls = self.login = False

    def handle(self):
        sink = self.server.sink
        sink.connections += 1
        if sink.hang.is_set():  # takes the connection and is silent
            sink.release.wait(programs.PATIENCE)
            return
        self.say("220 sink")
        sender, recipients = None, []
        while line := self.rfile.readline():
            word = line.split(b" ")[0].strip().upper()
            if word in (b"EHLO", b"HELO"):
                more = ["STARTTLS"] if sink.context and not self.tls and sink.starttls else []
                more += ["AUTH PLAIN LOGIN"] if sink.logins else []
                for i, one in enumerate(["sink"] + more):
                    self.say(f"250{' ' if i == len(more) else '-'}{one}")
            elif word == b"STARTTLS" and sink.context and sink.starttls:
                self.say("220 go on")
                self.connection = sink.context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), socketserver._SocketWriter(self.connection)
                self.tls = True
            elif word == b"AUTH":
                if len(line.split()) == 2:
                    self.say("334 ")
                    line += self.rfile.readline()
                self.login = line.split()[2].decode()
                self.say("235 welcome" if self.login in sink.logins else "535 no")
            elif word == b"MAIL":
                sender = line.strip()
                self.say("250 ok")
            elif word == b"RCPT":
                recipients.append(line.strip())
                self.say("250 ok")
            elif word == b"DATA":
                answer = sink.answers.pop(0) if sink.answers else "250 ok"
                if not answer.startswith("250"):
                    sink.refused += 1
                    self.say(answer)
                    continue
                self.say("354 go on")
                data = b""
                while (line := self.rfile.readline()) != b".\r\n" and line:
                    data += line[1:] if line.startswith(b".") else line
                sink.take(Mail(sender, recipients, data, self.tls, self.login))
                if sink.mute.is_set():  # it has the mail, and does not say so
                    sink.release.wait(programs.PATIENCE)
                    return
                self.say(answer)
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("500 what?")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


class Smtp:
    """An SMTP server.  `answers`: what it says to the next DATA commands, before it takes any."""

    def __init__(self, context=None, starttls=True, implicit=False, logins=()):
        self.context, self.starttls, self.logins = context, starttls, logins
        self.mails, self.answers = [], []
        self.connections = self.refused = 0
        self.hang, self.mute, self.release = (threading.Event() for _ in range(3))
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Smtp)
        self._server.sink = self
        if implicit:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def take(self, mail):
        with self._lock:
            self.mails.append(mail)

    def wait(self, n):
        return programs.wait_until(lambda: len(self.mails) >= n and self.mails, f"{n} mails")

    def close(self):
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        sink = self.server.sink
        body = self.rfile.read(int(self.headers["Content-Length"]))
        sink.requests += 1
        status = sink.answers.pop(0) if sink.answers else 204
        if status // 100 == 2:
            sink.posts.append((self.path, json.loads(body)))
        self.send_response(status)
        if status // 100 == 3:
            self.send_header("Location", sink.elsewhere)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_):
        pass


class Webhook:
    """An HTTPS server that takes POSTs.  `answers`: the status of the next ones."""

    def __init__(self, context):
        self.posts, self.answers, self.requests, self.elsewhere = [], [], 0, ""
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
        self._server.daemon_threads = True
        self._server.sink = self
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def wait(self, n):
        return programs.wait_until(lambda: len(self.posts) >= n and self.posts, f"{n} posts")

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
