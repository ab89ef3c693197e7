# SPDX-License-Identifier: Apache-2.0
"""A proxy that understands HTTP as it is under --plain-http, and does to one request what a link can.

    with Proxy(server.port) as proxy:
        proxy.next("/v1/batches", cut_request(17, "reset"))
        t.run("backup")
        assert proxy.done

A request comes whole from the terminal before anything is done with it, so its length is known; so
is the answer's.  An action is called with an `Exchange` and leaves the two connections as it likes.
"""
import json
import re
import socket
import struct
import threading
import time

PAUSE_S = 0.003  # between two pieces, so that they are two for who reads them


class Message:
    """A request or an answer: `raw` is all of it; `first` the first line, `body` without framing."""

    def __init__(self, head, body, raw):
        self.head, self.body, self.raw = head, body, raw
        self.first = head.split(b"\r\n", 1)[0].decode()

    @property
    def path(self):
        return self.first.split(" ")[1].split("?")[0]

    @property
    def status(self):
        return int(self.first.split(" ")[1])


class Reader:
    """Messages from a socket.  None where it ended before one was whole."""

    def __init__(self, end):
        self._end, self._left = end, b""

    def _more(self):
        piece = self._end.recv(65536)
        self._left += piece
        return bool(piece)

    def _until(self, what, start=0):
        while (at := self._left.find(what, start)) < 0:
            if not self._more():
                return None
        return at + len(what)

    def _at_least(self, n):
        while len(self._left) < n:
            if not self._more():
                return False
        return True

    def message(self):
        start = self._until(b"\r\n\r\n")
        if start is None:
            return None
        head = self._left[:start]
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)\r\n", head)
        if re.search(rb"(?i)\r\ntransfer-encoding: *chunked\r\n", head):
            return self._chunked(head, start)
        n = int(length[1]) if length else 0
        if not self._at_least(start + n):
            return None
        return self._take(head, self._left[start:start + n], start + n)

    def _chunked(self, head, at):
        body = b""
        while True:
            end = self._until(b"\r\n", at)
            if end is None:
                return None
            n = int(self._left[at:end].split(b";")[0], 16)
            if not self._at_least(end + n + 2):
                return None
            body += self._left[end:end + n]
            at = end + n + 2
            if n == 0:
                return self._take(head, body, at)

    def _take(self, head, body, n):
        raw, self._left = self._left[:n], self._left[n:]
        return Message(head, body, raw)


class Exchange:
    """A request on its way: `near` is the terminal's connection, `far` the server's."""

    def __init__(self, near, port, request):
        self.near, self.port, self.request = near, port, request
        self.far = socket.create_connection(("127.0.0.1", port))
        self.far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.keep_far = False  # open until the proxy ends

    def answer(self):
        return Reader(self.far).message()

    def ask(self):
        self.far.sendall(self.request.raw)
        return self.answer()


def break_off(end, how):
    """close: both directions end in good order; reset: at once; half: what goes there ends, what
    comes from there is still taken."""
    if how == "reset":
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    try:
        if how == "half":
            end.shutdown(socket.SHUT_WR)
            while end.recv(65536):
                pass
        elif how == "close":
            end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()


# What can happen to a request.  Each returns whether the terminal's connection goes on.

def straight(x):
    answer = x.ask()
    if answer is None:
        return False
    x.near.sendall(answer.raw)
    return True


def cut_request(k, how):
    """The server gets k bytes, the terminal nothing.  half: the server still waits for the rest while
    the terminal sends it all again."""
    def act(x):
        x.far.sendall(x.request.raw[:k])
        if how == "half":
            x.far.shutdown(socket.SHUT_WR)
            x.keep_far = True
        else:
            break_off(x.far, how)
        break_off(x.near, "reset" if how == "reset" else "close")
        return False
    return act


def cut_answer(k, how):
    """The server did it; the terminal gets k bytes of the answer."""
    def act(x):
        x.near.sendall(x.ask().raw[:k])
        break_off(x.near, how)
        return False
    return act


def delay_request(k):
    def act(x):
        x.far.sendall(x.request.raw[:k])
        time.sleep(PAUSE_S)
        x.far.sendall(x.request.raw[k:])
        x.near.sendall(x.answer().raw)
        return True
    return act


def delay_answer(k):
    def act(x):
        answer = x.ask().raw
        x.near.sendall(answer[:k])
        time.sleep(PAUSE_S)
        x.near.sendall(answer[k:])
        return True
    return act


def repeat_at(k, answers):
    """While k bytes of it are there, the whole request comes on another connection, too."""
    def act(x):
        again = Exchange(x.near, x.port, x.request)
        x.far.sendall(x.request.raw[:k])
        answers.append(again.ask())
        again.far.close()
        x.far.sendall(x.request.raw[k:])
        answers.append(x.answer())
        x.near.sendall(answers[-1].raw)
        return True
    return act


def say(status, word=None, head=(), after=False, **members):
    """This answer in place of the server's; `after`: the server did it all the same."""
    def act(x):
        body = json.dumps({"type": f"urn:cloudbox:problem:{word}", "title": word, "status": status,
                           **members}).encode() if word else b"<html>not Cloudbox</html>"
        lines = [f"HTTP/1.1 {status} Because", f"Content-Length: {len(body)}",
                 "Content-Type: application/" + ("problem+json" if word else "html"), *head]
        if after:
            x.ask()
        x.near.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return True
    return act


class Proxy:
    def __init__(self, port):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.target = port
        self.requests = []  # of all connections, whole ones, in order of their coming
        self.at = []  # when each came, in seconds
        self.problems = []
        self._rules = []
        self._policies = {}
        self._lock = threading.Lock()
        self._open = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()

    def close(self):
        self._listener.close()
        with self._lock:
            for end in self._open:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def instead_of(self, port, text):
        """An address or invitation that leads through here."""
        return text.replace(f":{port}/", f":{self.port}/")

    def next(self, path, *actions):
        """Do these to the next requests with this path, one after the other, once."""
        self._rules = [(path, action) for action in actions]

    def always(self, path, policy=None):
        """Ask policy(request) for the action of each request with this path; None: straight."""
        self._policies[path] = policy

    @property
    def done(self):
        return not self._rules

    def paths(self):
        return [request.path for request in self.requests]

    def forget(self):
        self.requests.clear()
        self.at.clear()

    def _action(self, request):
        with self._lock:
            self.requests.append(request)
            self.at.append(time.monotonic())
            for i, (path, action) in enumerate(self._rules):
                if path == request.path:
                    del self._rules[i]
                    return action
        policy = self._policies.get(request.path)
        return policy and policy(request) or straight

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(near)
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near):
        reader = Reader(near)
        try:
            while request := reader.message():
                x = Exchange(near, self.target, request)
                try:
                    if not self._action(request)(x):
                        break
                finally:
                    if x.keep_far:
                        with self._lock:
                            self._open.add(x.far)
                    else:
                        x.far.close()
        except OSError:
            pass  # one side went
        except Exception as problem:  # the story is told by who asks
            self.problems.append(repr(problem))
        with self._lock:
            self._open.discard(near)
        near.close()
