#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fuzz the decoders and parsers (tests/fuzz).

    tools/fuzz.py run [TARGET...]     build with libFuzzer and the sanitizers, fuzz each target for
                                      FUZZ_SECONDS (60); what is found lies in build-check/fuzz-finds
    tools/fuzz.py merge [TARGET...]   take what the runs have found new into tests/fuzz/corpus, minimised
    tools/fuzz.py list BUILD          name every decoder and parser that no target in BUILD calls
"""
import hashlib
import os
import pathlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = ROOT / "tests" / "fuzz"
BUILD = ROOT / "build-check" / "fuzz"
FINDS = ROOT / "build-check" / "fuzz-finds"
GROWN = ROOT / "build-check" / "fuzz-grown"
SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
CORES = int(os.environ.get("FUZZ_JOBS", min(os.cpu_count() or 2, 8)))
DICTIONARIES = {"card": "card.dict", "merge": "card.dict", "contentline": "card.dict",
                "value": "card.dict", "recipe": "card.dict", "box": "card.dict"}
# Megabytes: what a process may have (AddressSanitizer's shadow and quarantine included), and what
# one allocation may ask for; seconds for one input; bytes of an input.
LIMITS = ["-rss_limit_mb=700", "-malloc_limit_mb=400", "-timeout=10", "-max_len=4096"]
KEPT_BYTES_MAX = 4096
ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=0",
               "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}

# What our naming calls a decoder or a parser (CONTRIBUTING.md), and the few that are called otherwise.
DECODER = re.compile(r"\b(\w+_(?:decode|parse|unpack|from_hex|feed)|read_leb128|wire_log_next|"
                     r"payload_next|payload_assemble|object_open|card_split|charset_open|value_read|"
                     r"contentline_next|recipe_find|merkle_path_verify|state_proof_verify|"
                     r"log_state_apply|chunk_lists_read|passphrase_new|duration_parse)\s*\(")


def targets(names):
    all_targets = sorted(p.stem for p in HERE.glob("*.c") if p.stem != "replay")
    unknown = [name for name in names if name not in all_targets]
    if unknown:
        sys.exit(f"tools/fuzz.py: no target {unknown[0]}; there are: {', '.join(all_targets)}")
    return list(names) or all_targets


def build():
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", str(BUILD), "-Dfuzz=true", "-Db_lundef=false",
                        "-Db_sanitize=address,undefined"], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL, env={**os.environ, "CC": "clang"})
    subprocess.run(["ninja", "-C", str(BUILD), "--quiet", "-j", str(CORES), "fuzz"], check=True)


def program(target):
    return str(BUILD / "tests" / "fuzz" / f"fuzz_{target}")


def fuzz(target):
    """Exit status, executions and edges covered."""
    finds, grown = FINDS / target, GROWN / target
    finds.mkdir(parents=True, exist_ok=True)
    grown.mkdir(parents=True, exist_ok=True)
    command = ["nice", program(target), f"-max_total_time={SECONDS}", *LIMITS,
               "-print_final_stats=1", f"-artifact_prefix={finds}/"]
    if target in DICTIONARIES:
        command.append(f"-dict={HERE / DICTIONARIES[target]}")
    done = subprocess.run([*command, str(grown), str(HERE / "corpus" / target)], cwd=ROOT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, errors="replace",
                          env={**os.environ, **ENVIRONMENT})
    (finds / "log").write_text(done.stderr)
    executions = re.findall(r"number_of_executed_units: (\d+)", done.stderr)
    edges = re.findall(r"cov: (\d+)", done.stderr)
    return done.returncode, int(executions[-1]) if executions else 0, int(edges[-1]) if edges else 0


def run(names):
    build()
    bad = []
    with ThreadPoolExecutor(CORES) as pool:
        chosen = targets(names)
        for target, (status, executions, edges) in zip(chosen, pool.map(fuzz, chosen)):
            print(f"{target:12} {executions:10} runs {edges:6} edges   "
                  f"{'ok' if status == 0 else f'FAILED: {FINDS / target}'}", flush=True)
            bad += [target] if status else []
    if bad:
        sys.exit("Mend it, and keep the input: tests/fuzz/corpus/TARGET/what-it-was")


def merge(names):
    """Add to each corpus the smallest inputs that reach edges which it does not."""
    build()
    for target in targets(names):
        corpus, new = HERE / "corpus" / target, BUILD / "merged" / target
        corpus.mkdir(parents=True, exist_ok=True)
        (GROWN / target).mkdir(parents=True, exist_ok=True)
        subprocess.run(["rm", "-rf", str(new)], check=True)
        new.mkdir(parents=True)
        for old in corpus.iterdir():
            (new / old.name).write_bytes(old.read_bytes())
        subprocess.run([program(target), "-merge=1", "-use_counters=0",
                        f"-max_len={KEPT_BYTES_MAX}", str(new), str(GROWN / target)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env={**os.environ, **ENVIRONMENT})
        for path in new.iterdir():
            if not (corpus / path.name).exists():
                data = path.read_bytes()
                (corpus / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
        sizes = [p.stat().st_size for p in corpus.iterdir()]
        print(f"{target:12} {len(sizes):5} inputs {sum(sizes):8} bytes", flush=True)


def declared():
    """Every decoder and parser that a header offers, with the header."""
    found = {}
    for top in ("lib", "terminal", "server"):
        for header in sorted((ROOT / top).rglob("*.h")):
            text = re.sub(r"/\*.*?\*/|//[^\n]*|^#.*?(?<!\\)$", "", header.read_text(), flags=re.S | re.M)
            text = re.sub(r"\{[^{}]*\}", ";", text)  # bodies of inline functions and structs
            for name in DECODER.findall(text):
                found[name] = header.relative_to(ROOT)
    return found


def called(folder):
    """What the targets call: the symbols that their object files leave undefined."""
    objects = [str(p) for p in (folder / "tests" / "fuzz").rglob("*.o")]
    if not objects:
        sys.exit(f"tools/fuzz.py: no targets in {folder}: build it first")
    listed = subprocess.run(["nm", "--undefined-only", *objects], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return set(re.findall(r"^ +U (\w+)$", listed, re.M))


def list_missing(folder):
    symbols, names = called(folder), declared()
    for name, header in sorted(names.items()):
        if name not in symbols:
            print(f"{header}: {name}() has no fuzz target: see tests/fuzz/README.md")
    empty = [t for t in targets([]) if not any((HERE / "corpus" / t).glob("*"))]
    for target in empty:
        print(f"tests/fuzz/corpus/{target} holds no input")
    missing = sum(name not in symbols for name in names) + len(empty)
    print(f"{len(names)} decoders and parsers, {missing} missing")
    sys.exit(1 if missing else 0)


def main():
    what, rest = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("", [])
    if what == "run":
        run(rest)
    elif what == "merge":
        merge(rest)
    elif what == "list" and len(rest) == 1:
        list_missing(pathlib.Path(rest[0]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
