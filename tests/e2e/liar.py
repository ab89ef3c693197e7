# SPDX-License-Identifier: Apache-2.0
"""A server that lies: it ends TLS with a key that it has, asks the real server, and bends the answer.

    with Liar(server, keys_of=server) as liar:      liar.address is what the terminal is given
        liar.lie = lambda exchange: exchange.body[:-1]

With the server's own key the terminal's pin holds: this is the operator.  With another server's it is
a man in the middle.  `exchanges` are the requests so far, in order, with their answers.
"""
import dataclasses
import http.client
import http.server
import ssl
import threading


@dataclasses.dataclass
class Exchange:
    method: str
    path: str
    asked: bytes
    status: int
    body: bytes  # as the real server answered
    has_token: bool = False

    @property
    def call(self):
        """The path without ids and queries."""
        parts = self.path.split("?")[0].split("/")
        return "/".join("*" if len(part) == 32 else part for part in parts)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write for head and body

    def log_message(self, *what):
        pass

    def _asked(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while n := int(self.rfile.readline(), 16):
            body += self.rfile.read(n)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _pass_on(self):
        liar = self.server.liar
        exchange = Exchange(self.command, self.path, self._asked(), 0, b"")
        heads = {name: value for name, value in self.headers.items()
                 if name.lower() in ("authorization", "content-type")}
        exchange.has_token = "Authorization" in self.headers
        link = http.client.HTTPSConnection("127.0.0.1", liar.target.port, timeout=120,
                                           context=ssl._create_unverified_context())
        link.request(self.command, self.path, exchange.asked, heads)
        answer = link.getresponse()
        exchange.status, exchange.body = answer.status, answer.read()
        link.close()
        with liar.lock:
            liar.exchanges.append(exchange)
            body = liar.lie(exchange) if liar.lie else exchange.body
        self.send_response(exchange.status)
        if kind := answer.headers.get("Content-Type"):
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _pass_on


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass  # a terminal that hangs up, or trusts another key


class Liar:
    def __init__(self, target, keys_of, port=0):
        self.target = target
        self.exchanges, self.lie, self.lock = [], None, threading.Lock()
        self._server = Server(("127.0.0.1", port), Handler)
        self._server.liar = self
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(keys_of.data / "tls-cert.pem", keys_of.data / "tls-key.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                  do_handshake_on_connect=False)
        self.port = self._server.server_port
        self.address = f"https://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def forget(self):
        with self.lock:
            self.exchanges.clear()

    @property
    def calls(self):
        with self.lock:
            return [(e.method, e.call, len(e.asked)) for e in self.exchanges]


def pin_of(server):
    """What stands behind #pin= in the addresses of a server."""
    return server.invite().split("#pin=")[1]
