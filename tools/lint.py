#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-format and clang-tidy over our C: names what is not as .clang-format and .clang-tidy say."""
import os
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-check" / "clang"


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, check=True,
                            stdout=subprocess.PIPE, text=True)
    return listed.stdout.split()


def tidy(source):
    done = subprocess.run(["clang-tidy", "-p", str(BUILD), "--quiet", source], cwd=ROOT,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.returncode, done.stdout


def main():
    bad = 0
    formatted = subprocess.run(["clang-format", "--dry-run", "--Werror", *tracked("*.c", "*.h")],
                               cwd=ROOT)
    bad += formatted.returncode != 0
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", str(BUILD), "--werror"], cwd=ROOT, check=True,
                       env={**os.environ, "CC": "clang"}, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(BUILD), "--quiet"], check=True)
    sources = [s for s in tracked("*.c") if not s.startswith("tests/")]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for status, text in pool.map(tidy, sources):
            if status or text.strip():
                print(text)
                bad += 1
    print(f"{len(sources)} sources, {bad} with something to mend")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
