#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write files as C arrays: embed.py OUT.c NAME=FILE...  gives `const uint8_t NAME[SIZE]`."""
import sys


def rows(data):
    for i in range(0, len(data), 16):
        yield "\t" + " ".join("0x%02x," % b for b in data[i:i + 16]) + "\n"


def main():
    with open(sys.argv[1], "w") as out:
        out.write("/* Made by tools/embed.py; not to be edited. */\n#include <stdint.h>\n")
        for pair in sys.argv[2:]:
            name, path = pair.split("=", 1)
            with open(path, "rb") as f:
                data = f.read()
            out.write(f"extern const uint8_t {name}[{len(data)}];\nconst uint8_t {name}[{len(data)}] = {{\n")
            out.writelines(rows(data))
            out.write("};\n")


if __name__ == "__main__":
    main()
