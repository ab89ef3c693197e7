#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make up a phone: contacts, documents and pictures in a folder, the same for the same seed.

    make-phone.py DIR [--seed N] [--contacts N]

DIR/Contacts   one .vcf for each contact, in English and Chinese, every fifth with a photo
DIR/Documents  text, Markdown, CSV, a small PDF
DIR/Pictures   PNG pictures of some hundred kB

Every name, number and address is put together from the lists below; numbers come from ranges kept
for fiction (555-01xx; 020 7946 0xxx), mail addresses from example.org (RFC 2606).  Needs nothing
but Python 3.
"""
import argparse
import base64
import pathlib
import random
import struct
import uuid
import zlib

FIRST = ("Ada Bela Carl Dora Emil Fay Gus Hope Ivo June Kit Lena Milo Nora Otto Pia Quin Rosa "
         "Sven Tess Ugo Vera Walt Xena Yuri Zoe Amos Bree Cleo Dean").split()
LAST = ("Ashdown Birkwood Copperly Dunmoor Elmsford Fairweather Greystone Hartwell Ironwood "
        "Juniper Kestrel Larkspur Meadows Northgate Oakhollow Pennywise Quarry Ravenhill "
        "Silverton Thornbury Underhill Vale Whitlock Yarrow").split()
SURNAME = "林 苏 沈 江 叶 秦 白 顾 温 陆 乔 舒 柳 洛 季 云".split()
GIVEN = ("晓晨 若水 明溪 子衿 望舒 雨桐 知秋 长风 青禾 云舟 一诺 书瑶 承宇 念安 清和 星野 "
         "月白 南枝 怀瑾 思远").split()
STREET = "Mill Lane|Harbour Street|Orchard Road|Lantern Hill|Bridge Walk|Pine Avenue".split("|")
CITY = "Fernleigh|Port Amber|Stonebrook|Lower Wick|Greenhaven".split("|")
STREET_ZH = "梧桐路 听涛街 月湖大道 青石巷 映山路".split()
CITY_ZH = "云溪市 临川镇 海棠市 松岭县".split()
ORG = "Blue Kettle Bakery|Tidewater Ferries|Longfield School|Paper Lantern Press".split("|")
ORG_ZH = "青柠茶社 远山书店 晴川小学 北岸渔场".split()
NOTE = ("Likes tea in the afternoon.|Met at the harbour festival.|Call after six.|"
        "Knows everything about bees.|Has the spare key.").split("|")
NOTE_ZH = "喜欢下午喝茶。|在灯会上认识的。|六点以后打电话。|养了两只猫。|备用钥匙在她那里。".split("|")


def png(width, height, rows):
    """A PNG of @rows, each `width` RGB pixels."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))

    raw = b"".join(b"\0" + row for row in rows)
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(raw, 6)) + chunk(b"IEND", b""))


def picture(rng, width, height, grain):
    """A sky over a field, with as much grain as a camera would leave."""
    sky, field = ([rng.randrange(60, 200) for _ in range(3)] for _ in range(2))
    horizon = height * rng.randrange(40, 70) // 100
    rows = []
    for y in range(height):
        colour = sky if y < horizon else field
        shade = y * 50 // height
        pixel = bytes(min(255, c + shade) for c in colour)
        row = bytearray(pixel * width)
        noise = rng.randbytes(len(row))
        mask = bytes([grain]) * len(row)
        grains = int.from_bytes(noise, "big") & int.from_bytes(mask, "big")
        row = bytes(row)
        mixed = int.from_bytes(row, "big") ^ grains
        rows.append(mixed.to_bytes(len(row), "big"))
    return png(width, height, rows)


def fold(line):
    """Lines of at most 75 bytes, never cut inside a character (RFC 6350, 3.2)."""
    out, current, size = [], "", 0
    for character in line:
        n = len(character.encode())
        if size + n > 75:
            out.append(current)
            current, size = " ", 1
        current += character
        size += n
    return "\r\n".join(out + [current])


def contact(rng, number):
    """(file name, card) of one person."""
    chinese = number % 3 == 2
    if chinese:
        last, first = rng.choice(SURNAME), rng.choice(GIVEN)
        full = last + first
    else:
        first, last = rng.choice(FIRST), rng.choice(LAST)
        full = f"{first} {last}"
    lines = ["BEGIN:VCARD", "VERSION:3.0",
             f"UID:{uuid.UUID(int=rng.getrandbits(128), version=4)}",
             f"FN:{full}", f"N:{last};{first};;;"]
    if chinese:
        lines.append(f"TEL;TYPE=CELL:+44 20 7946 0{number % 1000:03d}")
    else:
        lines.append(f"TEL;TYPE=CELL:+1 {rng.randrange(201, 990)} 555 01{number % 100:02d}")
    if rng.random() < 0.4:
        lines.append(f"TEL;TYPE=HOME:+1 {rng.randrange(201, 990)} 555 01{rng.randrange(100):02d}")
    lines.append(f"EMAIL:contact{number}@example.org")
    if rng.random() < 0.5:
        house = rng.randrange(1, 200)
        lines.append(f"ADR;TYPE=HOME:;;{rng.choice(STREET_ZH)}{house}号;{rng.choice(CITY_ZH)};;;"
                     if chinese else
                     f"ADR;TYPE=HOME:;;{house} {rng.choice(STREET)};{rng.choice(CITY)};;;")
    if rng.random() < 0.3:
        lines.append(f"ORG:{rng.choice(ORG_ZH if chinese else ORG)}")
    if rng.random() < 0.3:
        lines.append(f"BDAY:{rng.randrange(1950, 2010)}-{rng.randrange(1, 13):02d}-"
                     f"{rng.randrange(1, 29):02d}")
    if rng.random() < 0.4:
        lines.append(f"NOTE:{rng.choice(NOTE_ZH if chinese else NOTE)}")
    if number % 5 == 0:
        photo = base64.b64encode(picture(rng, 96, 96, 0x3f)).decode()
        lines.append(f"PHOTO;ENCODING=b;TYPE=PNG:{photo}")
    lines.append("END:VCARD")
    return full, "\r\n".join(fold(line) for line in lines) + "\r\n"


def pdf(text):
    """The smallest PDF that shows one line."""
    stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table +
            b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" %
            (len(objects) + 1, len(out)))


def documents(rng):
    """(name, bytes) of each."""
    costs = "\n".join(f"2026-{month:02d}-01,{rng.choice(['rent', 'food', 'train', 'books'])},"
                      f"{rng.randrange(5, 900)}.{rng.randrange(100):02d}" for month in range(1, 13))
    poem = "".join(f"{rng.choice(NOTE)}\n" for _ in range(60))
    return [
        ("Shopping.txt", "tea\nrice\nlamp oil\na present for the twins\n".encode()),
        ("购物单.txt", "茶叶\n大米\n灯油\n给双胞胎的礼物\n".encode()),
        ("Diary.md", f"# Diary\n\n{poem}".encode()),
        ("Costs.csv", f"date,what,amount\n{costs}\n".encode()),
        ("Ticket.pdf", pdf("Ferry to Port Amber, one way")),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--contacts", type=int, default=200)
    options = parser.parse_args()
    rng = random.Random(options.seed)

    for name in ("Contacts", "Documents", "Pictures"):
        (options.dir / name).mkdir(parents=True, exist_ok=True)
    for number in range(1, options.contacts + 1):
        full, card = contact(rng, number)
        path = options.dir / "Contacts" / f"{number:03d} {full}.vcf"
        path.write_text(card, encoding="utf-8", newline="")
    for name, content in documents(rng):
        (options.dir / "Documents" / name).write_bytes(content)
    for number in range(1, 9):
        content = picture(rng, 640, 480, 0x0f)
        (options.dir / "Pictures" / f"IMG_{number:04d}.png").write_bytes(content)


if __name__ == "__main__":
    main()
