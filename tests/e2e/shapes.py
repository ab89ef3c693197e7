# SPDX-License-Identifier: Apache-2.0
"""Shapes of JSON documents, and a check that names what does not fit.

A shape is a function from a value to None, or to words for what is wrong.  An object must have the
keys that its shape names; others may be there, too.
"""
import re


def _match(pattern, what):
    compiled = re.compile(pattern)
    return lambda v: None if isinstance(v, str) and compiled.fullmatch(v) else f"{v!r} is not {what}"


text = lambda v: None if isinstance(v, str) else f"{v!r} is no string"
words = lambda v: None if isinstance(v, str) and v.strip() else f"{v!r} is no text"
flag = lambda v: None if isinstance(v, bool) else f"{v!r} is neither true nor false"
time = _match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "an RFC 3339 time in UTC")
id32 = _match(r"[0-9a-f]{32}", "32 lower-case hexadecimal digits")
item_id = _match(r"[^\x00-\x1f\x7f]+", "an id without control characters")
mime = _match(r"[\w.+-]+/[\w.+-]+", "a MIME type")
app_name = _match(r"[a-z0-9-]{1,64}", "an app's name")
recovery_code = _match(r"([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}", "a recovery code")
server_url = _match(r"https://127\.0\.0\.1:\d+/#pin=[\w-]{43}", "a server's URL")


def count(v):
    return None if isinstance(v, int) and not isinstance(v, bool) and v >= 0 else f"{v!r} is no count"


def one_of(*values):
    return lambda v: None if v in values else f"{v!r} is none of {values}"


def or_null(shape):
    return lambda v: None if v is None else shape(v)


def listing(shape):
    def check(v):
        if not isinstance(v, list):
            return f"{v!r:.200} is no array"
        return next((f"[{i}]: {why}" for i, one in enumerate(v) if (why := shape(one))), None)
    return check


def record(**keys):
    def check(v):
        if not isinstance(v, dict):
            return f"{v!r:.200} is no object"
        missing = keys.keys() - v.keys()
        if missing:
            return f"without {sorted(missing)}: {v!r:.500}"
        return next((f"{key}: {why}" for key, shape in keys.items() if (why := shape(v[key]))), None)
    return check


def fits(value, shape):
    why = shape(value)
    assert why is None, why
    return value
