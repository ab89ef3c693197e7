# SPDX-License-Identifier: Apache-2.0
"""A TCP relay between terminal and server that counts, records, holds and cuts.

    with Relay(server_port) as relay: ...       relay.address is what the terminal is given

With a server under --plain-http it sees HTTP as it is, else (tls=True) TLS; `up` is what terminals
send, `down` what the server answers.  Positions count bytes of one connection in one direction.
"""
import re
import socket
import struct
import threading

REQUEST = re.compile(rb"(?:GET|POST|PUT|DELETE|HEAD) (/[^ \r\n]*) HTTP/1\.1\r\n")


class Connection:
    def __init__(self, *ends):
        self.ends = ends
        self.up, self.down = bytearray(), bytearray()
        self.is_reset = False

    def prepare_reset(self):
        """Closing sends a reset from now on, and both readers wake up without a byte sent."""
        self.is_reset = True
        for end in self.ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            try:
                end.shutdown(socket.SHUT_RD)
            except OSError:
                pass


class Relay:
    def __init__(self, port=None, tls=False):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.address = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.target = port
        self.connections = []
        self.refused = 0  # connections, because the server was away
        self._lock = threading.Lock()
        self._rule = None  # (direction, position, what)
        self._reached = threading.Event()
        self._released = threading.Event()
        self._open = []
        self._break_off = False
        self._abrupt = self._once = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()

    def close(self):
        self._released.set()
        self._listener.close()
        with self._lock:
            for end in self._open:
                shut(end)

    # What happened

    def forget(self):
        with self._lock:
            self.connections.clear()

    @property
    def up(self):
        return b"".join(c.up for c in self.connections)

    @property
    def down(self):
        return b"".join(c.down for c in self.connections)

    @property
    def bytes(self):
        return len(self.up) + len(self.down)

    @property
    def requests(self):
        """The paths that were asked for, in order."""
        return [path.decode() for c in self.connections for path in REQUEST.findall(c.up)]

    # What is to happen to the next connections

    def hold(self, direction, position, once=False):
        """Let `position` bytes through, then wait for let_go(): each connection, or (once) the first."""
        self._once = once
        self._arm(direction, position, "hold")

    def cut(self, direction, position, abrupt=False):
        """Let `position` bytes through, then break the connection; once.  `abrupt`: both ends get a
        reset, what was on its way is lost."""
        self._abrupt = abrupt
        self._arm(direction, position, "cut")

    def _arm(self, direction, position, what):
        self._reached.clear()
        self._released.clear()
        self._rule = (direction, position, what)

    def wait_reached(self, running):
        """Wait until that byte came; the command that sends it must not end before."""
        while not self._reached.wait(0.05):
            assert running.is_alive(), f"it ended before a connection got to {self._rule}"

    @property
    def reached(self):
        return self._reached.is_set()

    def let_go(self, break_off=False):
        """Go on with what is held; or break its connection off: it never arrives."""
        self._rule = None
        self._break_off = break_off
        self._released.set()

    # The inside

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                self.refused += 1
                continue
            connection = Connection(near, far)
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections.append(connection)
                self._open += [near, far]
            for args in ((near, far, connection, "up"), (far, near, connection, "down")):
                threading.Thread(target=self._carry, args=args, daemon=True).start()

    def _carry(self, source, sink, connection, direction):
        try:
            while piece := source.recv(65536):
                if not self._pass_on(piece, sink, connection, direction):
                    break
        except OSError:
            pass
        for end in (source, sink):
            if connection.is_reset:
                end.close()
            else:
                shut(end)

    def _pass_on(self, piece, sink, connection, direction):
        done = len(getattr(connection, direction))
        rule = self._rule
        if rule and rule[0] == direction and done + len(piece) > rule[1]:
            before = max(0, rule[1] - done)
            self._send(piece[:before], sink, connection, direction)
            if rule[2] == "cut":
                self._rule = None
                self._reached.set()
                if self._abrupt:
                    connection.prepare_reset()
                return False
            if self._once:
                self._rule = None
            self._reached.set()
            self._released.wait()
            if self._break_off:
                return False
            piece = piece[before:]
        self._send(piece, sink, connection, direction)
        return True

    @staticmethod
    def _send(piece, sink, connection, direction):
        if piece:
            getattr(connection, direction).extend(piece)
            sink.sendall(piece)


def shut(end):
    """Close both directions; whoever reads from it wakes up."""
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()
