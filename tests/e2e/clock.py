# SPDX-License-Identifier: Apache-2.0
"""A machine's clocks, moved by the story (tests/fault, libclock.so): years pass in seconds."""
import datetime
import mmap
import struct
import time

import programs

SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60, 3600, 86400
YEAR = 365 * DAY
LIBRARY = programs.BUILD / "tests" / "fault" / "libclock.so"


class Clock:
    """The clocks of one machine.  `env` is for its programs, which see each change at once.

    time goes on by itself, too, as slowly as ever."""

    def __init__(self, path, at=None):
        assert LIBRARY.exists(), f"{LIBRARY} is not built: make preloaded"
        path.write_bytes(bytes(24))
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 24)
        self.env = {"LD_PRELOAD": str(LIBRARY), "CLOCK_FILE": str(path)}
        self.starts = 0
        self._wall = self._boot = 0
        self.reboot(uptime=DAY)
        if at is not None:
            self.set(at)

    def _write(self):
        self._map[:] = struct.pack("<qqQ", self._wall, self._boot, self.starts)

    def now(self):
        """The wall clock, seconds since 1970."""
        return (time.time_ns() + self._wall) / SECOND

    def when(self):
        return datetime.datetime.fromtimestamp(self.now(), datetime.timezone.utc)

    def text(self):
        return self.when().strftime("%Y-%m-%dT%H:%M:%SZ")

    def advance(self, seconds):
        """Time passes, awake or asleep."""
        self._wall += round(seconds * SECOND)
        self._boot += round(seconds * SECOND)
        self._write()

    def until(self, moment):
        """Time passes until it is `moment` (seconds, or RFC 3339) by the wall clock; not back."""
        self.advance(max(0, seconds_of(moment) - self.now()))

    def jump(self, seconds):
        """Somebody sets the wall clock."""
        self._wall += round(seconds * SECOND)
        self._write()

    def set(self, moment):
        self.jump(seconds_of(moment) - self.now())

    def reboot(self, off=0, uptime=20):
        """It is off for so long, and started anew."""
        self._wall += round(off * SECOND)
        self._boot = round(uptime * SECOND) - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self.starts += 1
        self._write()


def seconds_of(moment):
    if isinstance(moment, str):
        moment = datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
    return moment
