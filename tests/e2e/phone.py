# SPDX-License-Identifier: Apache-2.0
"""What lies on a made-up phone: contacts and files, always the same for the same seed."""
import base64
import random

FIRST = ("Anna", "Ben", "Chloé", "David", "Emma", "Femi", "Greta", "Hugo", "Ines", "Jonas",
         "Kenji", "Lena", "Milan", "Nora", "Olga", "Pavel", "Quinn", "Rosa", "Sofia", "Tom")
LAST = ("Andersen", "Brandt", "Castro", "Dubois", "Eriksen", "Ferrari", "Garcia", "Hansen",
        "Ivanov", "Jensen", "Kowalski", "Larsen", "Meier", "Novak", "Okafor", "Petrov")


def fold(line):
    """A content line in pieces of 75 bytes, never within a character (RFC 6350, 3.2)."""
    raw, pieces, at, width = line.encode(), [], 0, 75
    while len(raw) - at > width:
        end = at + width
        while raw[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(raw[at:end])
        at, width = end, 74
    return b"\r\n ".join([*pieces, raw[at:]])


def escape(text):
    """A text value (RFC 6350, 3.4)."""
    for raw, written in (("\\", "\\\\"), ("\n", "\\n"), (",", "\\,"), (";", "\\;")):
        text = text.replace(raw, written)
    return text


def card(name, uid=None, tel=(), lines=(), photo=None, version="3.0"):
    """A vCard with CRLF line ends; `lines` are further content lines."""
    text = ["BEGIN:VCARD", f"VERSION:{version}"]
    text += [f"UID:{uid}"] if uid else []
    text += [f"FN:{escape(name)}", f"N:{escape(name)};;;;"]
    text += [f"TEL;TYPE=CELL:{number}" for number in ([tel] if isinstance(tel, str) else tel)]
    text += lines
    if photo:
        coded = base64.b64encode(photo).decode()
        text.append(f"PHOTO;ENCODING=b;TYPE=JPEG:{coded}" if version == "3.0"
                    else f"PHOTO:data:image/jpeg;base64,{coded}")
    text.append("END:VCARD")
    return b"".join(fold(line) + b"\r\n" for line in text)


def noise(n, seed=0):
    """n bytes that do not compress."""
    return random.Random(seed).randbytes(n)


def jpeg(n, seed=0):
    """n bytes that begin and end like a JPEG."""
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + noise(n - 13, seed) + b"\xff\xd9"


def people(n, seed=1):
    """n contacts with numbers and addresses: file name -> card."""
    r = random.Random(seed)
    cards = {}
    for i in range(n):
        name = f"{r.choice(FIRST)} {r.choice(LAST)} {i}"
        cards[f"p{i:05}"] = card(name, uid=f"uid-{seed}-{i}", tel=f"+49170{r.randrange(10**7):07}",
                                 lines=[f"EMAIL:{name.split()[0].lower()}{i}@example.org",
                                        f"ORG:{r.choice(LAST)} & Co"])
    return cards


def properties(raw):
    """The unfolded content lines of cards, as a sorted list."""
    text = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return sorted(line for line in text.replace(b"\n ", b"").replace(b"\n\t", b"").split(b"\n") if line)
