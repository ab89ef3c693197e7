#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the test suites, print the seconds of each, and end with `N passed, N failed, N skipped`.

    tools/check.py [SUITE...]      default: all but `faults` and `laws`, in the order of SUITES

Every suite has its own build folder below build-check/.  Tests find real-world files by
CLOUDBOX_CORPUS (default: ../shared/corpus beside the project); without it those that need
them are skipped, with the reason.  A suite that cannot run at all counts as one failure.
"""
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILDS = ROOT / "build-check"
SLOW_SECONDS = 20  # programs that take longer are named
CORPUS = ROOT.parent / "shared" / "corpus"
ENGINES = ROOT.parent / "shared" / "engines"
CORES = str(min(os.cpu_count() or 2, 8))

GCC = {"CC": "gcc"}
CLANG = {"CC": "clang"}
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
    "TSAN_OPTIONS": "halt_on_error=1:exitcode=99",
}


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures, self.skips = [], []

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def fail(self, what):
        self.failed += 1
        self.failures.append(what)


def run(command, **env):
    """The command's exit status and all that it printed."""
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **env}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    return done.returncode, done.stdout


def build(tally, name, env, *options):
    """Configure and compile build-check/NAME with every warning an error."""
    folder = BUILDS / name
    if not (folder / "build.ninja").exists():
        status, text = run(["meson", "setup", str(folder), "--werror", *options], **env)
        if status:
            print(text)
            tally.fail(f"{name}: meson setup")
            return None
    status, text = run(["ninja", "-C", str(folder), "-j", CORES])
    if status:
        print(text)
        tally.fail(f"{name}: the build")
        return None
    tally.passed += 1  # it compiles without a warning
    return folder


def read_cmocka(tally, name, status, text):
    """Add up what one cmocka program printed."""
    ok = re.findall(r"^\[       OK \] (\S+)", text, re.M)
    bad = set(re.findall(r"^\[  FAILED  \] ([a-zA-Z_]\w*)$", text, re.M))
    skipped = re.findall(r"^\[  SKIPPED \] ([a-zA-Z_]\w*)$", text, re.M)
    tally.passed += len(ok)
    for test in sorted(bad):
        tally.fail(f"{name}: {test}")
    for test in sorted(set(skipped)):
        tally.skipped += 1
        said = re.search(rf"^\[ RUN      \] {re.escape(test)}\n(.*?)^\[  SKIPPED \]", text, re.M | re.S)
        reason = " ".join(said.group(1).split()) if said else ""
        tally.skips.append(f"{name}: {test}: {reason or 'it gives no reason'}")
    if status and not bad:
        tally.fail(f"{name}: exit status {status}")
    if not ok and not bad and not skipped and not status:
        tally.fail(f"{name}: ran no test")
    if bad or status:
        print(text)


def unit_programs(folder, pattern):
    return sorted(p for p in (folder / "tests" / "unit").rglob("test_*")
                  if p.is_file() and os.access(p, os.X_OK) and re.search(pattern, str(p)))


def run_units(tally, folder, label, pattern=".", wrapper=(), patience=900, figures=False, **env):
    programs = unit_programs(folder, pattern)
    if not programs:
        tally.fail(f"{label}: no test programs")
    # Sanitizers want to be a program's first library; there is nothing to preload then.
    preload = str(folder / "tests" / "fault" / "libfault.so") if folder.name == "gcc" else ""
    waiting, running = list(programs), []
    while waiting or running:
        while waiting and len(running) < int(CORES):
            program = waiting.pop(0)
            output = open(folder / (program.name + ".log"), "w+", errors="replace")
            running.append((program, output, time.monotonic(), subprocess.Popen(
                [*wrapper, str(program)], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **SANITIZERS, "CLOUDBOXD": str(folder / "server" / "cloudboxd"),
                     "CLOUDBOX_LIBFAULT": preload, **env})))
        program, output, start, process = running.pop(0)
        try:
            status = process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            status = f"time-out after {patience} s"
        if time.monotonic() - start > SLOW_SECONDS:
            print(f"           {time.monotonic() - start:6.1f} s   {label}/{program.name}")
        output.seek(0)
        text = output.read()
        read_cmocka(tally, f"{label}/{program.name}", status, text)
        if figures:
            for line in re.findall(r"^(?:seed )?\d+ .*$|^seed \d+$", text, re.M):
                print(f"           {program.name}: {line}")
        output.close()


def suite_unit(tally):
    """gcc without a warning, unit tests"""
    folder = build(tally, "gcc", GCC)
    if folder:
        run_units(tally, folder, "unit")


def suite_clang(tally):
    """clang without a warning"""
    build(tally, "clang", CLANG)


def suite_sanitize(tally):
    """unit tests under AddressSanitizer and UndefinedBehaviorSanitizer"""
    folder = build(tally, "sanitize", CLANG, "-Db_sanitize=address,undefined", "-Db_lundef=false")
    if folder:
        run_units(tally, folder, "sanitize")


def suite_thread(tally):
    """the server's unit tests under ThreadSanitizer"""
    folder = build(tally, "thread", CLANG, "-Db_sanitize=thread", "-Db_lundef=false")
    if folder:
        run_units(tally, folder, "thread", "/server/")


def suite_valgrind(tally):
    """the libraries' unit tests under valgrind"""
    folder = build(tally, "gcc", GCC)
    if folder:
        run_units(tally, folder, "valgrind", "/unit/(base|os|crypto|format|chunk|item|merge|wire)/",
                  ("valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full",
                   "--errors-for-leak-kinds=definite"), CLOUDBOX_TEST_SMALL="1")


def suite_fuzz(tally):
    """the fuzz targets over their corpora, with gcc and under the sanitizers; no decoder without one"""
    for name, env, *options in (("gcc", GCC),
                                ("sanitize", CLANG, "-Db_sanitize=address,undefined", "-Db_lundef=false")):
        folder = build(tally, name, env, *options)
        if not folder:
            continue
        for program in sorted((folder / "tests" / "fuzz").glob("fuzz_*[!p]")):
            corpus = ROOT / "tests" / "fuzz" / "corpus" / program.name.removeprefix("fuzz_")
            status, text = run([str(program), str(corpus)], **SANITIZERS)
            if status:
                print(text)
                tally.fail(f"fuzz: {name}/{program.name}")
            else:
                tally.passed += 1
    status, text = run([sys.executable, "tools/fuzz.py", "list", str(BUILDS / "gcc")])
    if status:
        print(text)
        tally.fail("fuzz: a decoder or parser without a target")
    else:
        tally.passed += 1


def suite_headers(tally):
    """each header compiles alone"""
    flags = run(["pkg-config", "--cflags", "libsodium", "sqlite3", "json-c", "libcurl",
                 "libmicrohttpd", "libzstd", "openssl", "dbus-1", "libebook-1.2", "libecal-2.0"])[1].replace("-I", "-isystem").split()
    headers = [p for top in ("lib", "terminal", "server") for p in (ROOT / top).rglob("*.h")]
    for header in sorted(headers):
        status, text = run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                            "-Wno-unused-function", "-Ilib", "-I.", "-Iterminal", "-Iserver", *flags,
                            "-fsyntax-only", "-x", "c", str(header)])
        if status:
            print(text)
            tally.fail(f"headers: {header.relative_to(ROOT)}")
        else:
            tally.passed += 1


def suite_messages(tally):
    """every message of the sources is there in Chinese"""
    status, text = run(["po/update.sh", "--check"])
    if status:
        print(text)
        tally.fail("messages: po/zh_CN.po is not complete")
    else:
        tally.passed += 1


def run_stories(tally, label, *paths, **env):
    """pytest, with the programs in build/."""
    status, text = run(["make", "--no-print-directory", "build", "preloaded"])
    if status:
        print(text)
        tally.fail(f"{label}: the build")
        return
    status, text = run([sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider",
                        "-n", CORES, "--dist", "loadfile", *paths],
                       CLOUDBOX_BUILD=str(ROOT / "build"), **env)
    counts = {word: int(n) for n, word in
              re.findall(r"(\d+) (passed|failed|skipped|error|errors)\b", text.splitlines()[-1])}
    tally.passed += counts.get("passed", 0)
    tally.failed += counts.get("failed", 0) + counts.get("error", 0) + counts.get("errors", 0)
    tally.skipped += counts.get("skipped", 0)
    tally.failures += re.findall(r"^(?:FAILED|ERROR) (.*)$", text, re.M)
    tally.skips += re.findall(r"^SKIPPED (.*)$", text, re.M)
    if status and not counts.get("failed") and not counts.get("error"):
        tally.fail(f"{label}: pytest ended with status {status}")
    if status:
        print(text)


def suite_e2e(tally):
    """stories with a real server and terminals (pytest)"""
    run_stories(tally, "e2e", "tests/e2e")


def suite_faults(tally):
    """attacks in full: what `make check` does a sample of (hours)"""
    folder = build(tally, "gcc", GCC)
    full = [p for p in sorted((ROOT / "tests").rglob("test_*"))
            if p.suffix in (".c", ".py") and "CLOUDBOX_FULL" in p.read_text()]
    names = "|".join(p.stem.removeprefix("test_") for p in full if p.suffix == ".c")
    if folder:
        run_units(tally, folder, "faults", f"/test_(\\w+_)?({names})$", patience=4 * 3600,
                  figures=True, CLOUDBOX_FULL="1")
    run_stories(tally, "faults", *[str(p) for p in full if p.suffix == ".py"], CLOUDBOX_FULL="1")


def suite_laws(tally):
    """the laws of merging on 20,000 pairs grown from real cards, and as many made up"""
    folder = build(tally, "gcc", GCC)
    if folder:
        run_units(tally, folder, "laws", "/test_(laws|mutants)$", patience=3600, figures=True,
                  CLOUDBOX_FULL="1")


def suite_demo(tally):
    """`make demo`, in both languages"""
    for language in ("en", "zh_CN"):
        status, text = run(["examples/demo.sh", "build"], CLOUDBOX_LANG=language)
        if status:
            print(text)
            tally.fail(f"demo in {language}: exit status {status}")
        else:
            tally.passed += 1


SUITES = {name.removeprefix("suite_"): suite for name, suite in list(globals().items())
          if name.startswith("suite_")}


def main():
    names = sys.argv[1:] or [name for name in SUITES if name not in ("faults", "laws")]
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        sys.exit(f"tools/check.py: no suite {unknown[0]}; there are: {', '.join(SUITES)}")
    for name, folder in (("CLOUDBOX_CORPUS", CORPUS), ("CLOUDBOX_ENGINES", ENGINES)):
        if not pathlib.Path(os.environ.setdefault(name, str(folder))).is_dir():
            del os.environ[name]
    BUILDS.mkdir(exist_ok=True)
    total = Tally()
    for name in names:
        tally, start = Tally(), time.monotonic()
        try:
            SUITES[name](tally)
        except OSError as problem:
            tally.fail(f"{name}: {problem}")
        total.add(tally)
        for failure in tally.failures:
            print(f"FAILED   {failure}")
        for skip in tally.skips:
            print(f"skipped  {skip}")
        print(f"{name:10} {time.monotonic() - start:6.1f} s   {tally.passed} passed, "
              f"{tally.failed} failed, {tally.skipped} skipped   ({SUITES[name].__doc__})",
              flush=True)
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    sys.exit(1 if total.failed else 0)


if __name__ == "__main__":
    main()
