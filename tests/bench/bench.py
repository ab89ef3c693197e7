#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure Cloudbox beside restic and borg: bytes, round trips, CPU, memory, in one run on the same data.

    tests/bench/bench.py [--quick] [--repeat N] [--peers cloudbox,restic,borg] [--build DIR]
                         [--contacts N] [--photos MIB] [--out FILE]

Everything runs on loopback, without TLS, through a relay that counts what passes in both directions.
The data, the relay and the commands of the peers come from the folder CLOUDBOX_BENCH_DATA (default:
../shared/bench beside the project): gen.py (seeded data), ctproxy.c, peers.py; without it the bench
says so and does nothing.  Prints medians as a table, and every single measurement to --out.
"""
import argparse
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("CLOUDBOX_BENCH_DATA", ROOT.parent / "shared" / "bench"))
QUICK = {"contacts": 500, "photos": 8, "repeat": 1}
FULL = {"contacts": 10_000, "photos": 256, "repeat": 3}
CHOSEN = 50  # of W7
FIELDS = "peer work run up down turns user sys wall rss anon server_cpu server_rss stored note".split()
WORKS = {
    "W1": "first backup, contacts in a folder",
    "W2": "nothing changed",
    "W3": "one field of one contact",
    "W9": "restore one contact, same terminal",
    "W9n": "restore one contact, new terminal",
    "W8": "restore all contacts, new terminal",
    "W7": f"{CHOSEN} chosen contacts",
    "P1": "first backup, photos",
    "P2": "nothing changed, photos",
    "P8": "restore all photos, new terminal",
}


def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    """Where things lie, and how one command is measured."""

    def __init__(self, work, build):
        self.work, self.build = pathlib.Path(work), build
        self.rows = []
        (self.work / "run").mkdir()
        for source, name in ((DATA / "ctproxy.c", "ctproxy"),
                             (ROOT / "tests" / "bench" / "measure.c", "measure")):
            subprocess.run(["cc", "-O2", "-o", str(self.work / name), str(source), "-lpthread"],
                           check=True)
        peers.W, peers.TOOL = str(self.work), str(self.work / "ctproxy")

    def measure(self, peer, work, run, command, note=""):
        out = self.work / "run" / "measured"
        peer.srv.usage()
        peer.srv.reset()
        before, (cpu_before, _) = peer.proxy.read(), peer.srv.usage()
        with open(self.work / "run" / "client.log", "ab") as log:
            log.write(f"\n== {peer.name} {work} {' '.join(command)[:300]}\n".encode())
            log.flush()
            subprocess.run([str(self.work / "measure"), str(out), *command], env=peer.env,
                           stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)
        cpu, rss = peer.srv.usage()
        after = peer.proxy.read()
        status, user, system, wall, peak, anon = out.read_text().split()
        row = dict(peer=peer.name, work=work, run=run, up=after[0] - before[0],
                   down=after[1] - before[1], turns=after[4] - before[4], user=float(user),
                   sys=float(system), wall=float(wall), rss=int(peak), anon=int(anon),
                   server_cpu=cpu - cpu_before, server_rss=rss,
                   stored=peers.du(peer.repo)[0], note=note)
        self.rows.append(row)
        say(f"{peer.name:9} {work:4} {row['up']:11} up {row['down']:11} down {row['turns']:4} turns "
            f"{row['user'] + row['sys']:7.3f} s {row['rss'] / 1024:6.1f} MiB")
        if status != "0":
            said = (self.work / "run" / "client.log").read_text(errors="replace")
            raise SystemExit(f"{peer.name} {work}: exit status {status}{said[said.rindex('=='):]}")

    def check_same(self, peer, work, left, right):
        """What came back is what was saved, byte for byte."""
        if subprocess.run(["diff", "-rq", str(left), str(right)], stdout=subprocess.DEVNULL).returncode:
            raise SystemExit(f"{peer.name} {work}: what came back differs: {left} {right}")


def peer_cloudbox(bench):
    """Cloudbox in the shape of peers.py."""

    class Daemon(programs.Server):
        def usage(self):
            fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
            status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
            if not self.is_alive():
                raise SystemExit(f"cloudboxd ended: {self.output()}")
            return (sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK"),
                    int(re.search(r"VmHWM:\s+(\d+)", status)[1]))

        def reset(self):
            pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

        def close(self):
            self.stop()

    class Cloudbox(peers.Peer):
        name = "cloudbox"

        def start(self):
            # The relay needs the server's port, the server the relay's address: so the port is free
            # first, and the server is told to listen there.
            self.srv = Daemon(os.path.join(self.state, "server"), plain=True)
            self.srv.start()

        def setup(self):
            """A new account; its terminal, and a second one to restore on."""
            self.repo = str(self.srv.data)
            self.terminals = 0
            address = f"http://127.0.0.1:{self.proxy.port}/"
            invitation = re.sub(r"https?://[^/]*/", address, self.srv.invite())
            self.terminal = self.new_terminal()
            self.terminal.init(None, invitation)
            self.env = self.terminal._environment({})

        def new_terminal(self):
            self.terminals += 1
            return programs.Terminal(os.path.join(self.state, f"t{self.k}-{self.terminals}"),
                                     name=f"phone{self.terminals}")

        def reset(self):
            self.k += 1
            self.setup()

        def add(self, app, adapter, folder, items=("--all",)):
            self.terminal.run("apps", "add", app, "--adapter", adapter, "--path", folder)
            self.terminal.run("add", app, *items)

        def second(self, app, adapter, folder):
            """A joined terminal with an empty app; the recovery code unlocks without Argon2."""
            other = self.new_terminal()
            other.join(self.terminal)
            os.makedirs(folder, exist_ok=True)
            other.run("apps", "add", app, "--adapter", adapter, "--path", folder)
            other.passphrase = None
            return other

        def cmd(self, *args, terminal=None):
            terminal = terminal or self.terminal
            return ["env", "-u", "CLOUDBOX_PASSPHRASE", f"CLOUDBOX_RECOVERY_CODE={self.terminal.recovery_code}",
                    *terminal._command(args, False)]

    return Cloudbox


def contact_names(count):
    return [gen.cname(i) for i in gen.sample_contacts(count, min(CHOSEN, count))]


def uid_of(path):
    return re.search(rb"UID:(.*)\r\n", pathlib.Path(path).read_bytes())[1].decode()


def edit(folder, count, run):
    gen.edit_contact_file(str(folder), (count // 7 * (run + 1) + 11) % count, run + 1)


def run_cloudbox(bench, master, count, repeat):
    peer = peer_cloudbox(bench)()
    source = bench.work / "src" / "cloudbox" / "contacts"
    try:
        for run in range(repeat):
            peer.reset() if run else None
            shutil.rmtree(source, ignore_errors=True)
            shutil.copytree(master["contacts"], source)
            peer.add("contacts", "vcard", str(source))
            bench.measure(peer, "W1", run, peer.cmd("backup"))
        for run in range(repeat):
            bench.measure(peer, "W2", run, peer.cmd("backup"))
        for run in range(repeat):
            edit(source, count, run)
            bench.measure(peer, "W3", run, peer.cmd("backup"))
        for run in range(repeat):
            victim = source / gen.cname((101 + 13 * run) % count)
            kept = victim.read_bytes()
            victim.unlink()
            bench.measure(peer, "W9", run, peer.cmd("restore", "contacts", uid_of_bytes(kept)))
        for run in range(repeat):
            folder = bench.work / "src" / "cloudbox" / f"one-{run}"
            other = peer.second("contacts", "vcard", str(folder))
            wanted = source / gen.cname((333 + 13 * run) % count)
            bench.measure(peer, "W9n", run,
                          peer.cmd("restore", "contacts", uid_of(wanted), "--from", "phone1",
                                   terminal=other))
        for run in range(repeat):
            folder = bench.work / "src" / "cloudbox" / f"all-{run}"
            other = peer.second("contacts", "vcard", str(folder))
            bench.measure(peer, "W8", run, peer.cmd("restore", "contacts", "--from", "phone1", terminal=other))
            if len(list(folder.rglob("*.vcf"))) < count:
                raise SystemExit("cloudbox W8: contacts are missing")
            shutil.rmtree(folder)
        for run in range(repeat):
            peer.reset()
            names = contact_names(count)
            peer.add("contacts", "vcard", str(master["contacts"]),
                     [uid_of(master["contacts"] / name) for name in names])
            bench.measure(peer, "W7", run, peer.cmd("backup"))
        peer.reset()
        peer.add("photos", "files", str(master["photos"]))
        bench.measure(peer, "P1", 0, peer.cmd("backup"))
        bench.measure(peer, "P2", 0, peer.cmd("backup"))
        folder = bench.work / "src" / "cloudbox" / "photos"
        other = peer.second("photos", "files", str(folder))
        bench.measure(peer, "P8", 0, peer.cmd("restore", "photos", "--from", "phone1", terminal=other))
        bench.check_same(peer, "P8", master["photos"], folder)
        shutil.rmtree(folder)
    finally:
        peer.close()


def uid_of_bytes(card):
    return re.search(rb"UID:(.*)\r\n", card)[1].decode()


def run_peer(bench, name, master, count, repeat):
    peer = peers.PEERS[name]()
    source = bench.work / "src" / name / "contacts"
    back = bench.work / "back"
    try:
        for run in range(repeat):
            peer.reset() if run else None
            shutil.rmtree(source, ignore_errors=True)
            shutil.copytree(master["contacts"], source)
            subprocess.run(peer.cmd_init(), env=peer.env, check=True, stdin=subprocess.DEVNULL)
            bench.measure(peer, "W1", run, peer.cmd_backup(str(source)))
        for run in range(repeat):
            bench.measure(peer, "W2", run, peer.cmd_backup(str(source)))
        for run in range(repeat):
            edit(source, count, run)
            bench.measure(peer, "W3", run, peer.cmd_backup(str(source)))
        for run in range(repeat):
            wanted = gen.cname((101 + 13 * run) % count)
            for work, command in (("W9", peer.cmd_one), ("W9n", peer.cmd_one_cold)):
                to = pathlib.Path(peers.fresh(str(back))) / "item"
                bench.measure(peer, work, run, command(str(source), wanted, str(to)))
                bench.check_same(peer, work, source / wanted, to)
        for run in range(repeat):
            peers.fresh(str(back))
            bench.measure(peer, "W8", run, peer.cmd_restore(str(source), str(back)))
            bench.check_same(peer, "W8", source, peer.restored(str(source), str(back)))
        for run in range(repeat):
            peer.reset()
            subprocess.run(peer.cmd_init(), env=peer.env, check=True, stdin=subprocess.DEVNULL)
            bench.measure(peer, "W7", run, peer.cmd_backup(str(source), contact_names(count)))
        peer.reset()
        subprocess.run(peer.cmd_init(), env=peer.env, check=True, stdin=subprocess.DEVNULL)
        bench.measure(peer, "P1", 0, peer.cmd_backup(str(master["photos"])))
        bench.measure(peer, "P2", 0, peer.cmd_backup(str(master["photos"])))
        peers.fresh(str(back))
        bench.measure(peer, "P8", 0, peer.cmd_restore(str(master["photos"]), str(back)))
        bench.check_same(peer, "P8", master["photos"],
                         peer.restored(str(master["photos"]), str(back)))
    finally:
        peer.close()
        shutil.rmtree(back, ignore_errors=True)


def make_data(work, count, photos_mib):
    gen.gen_contacts(str(work / "data"), count)
    gen.gen_media(str(work / "data"), total=photos_mib << 20, big=photos_mib << 17)
    return {"contacts": work / "data" / f"d1a-{count}", "photos": work / "data" / "d3"}


def size(n):
    for limit, unit, digits in ((10_000, "B", 0), (1e6, "kB", 1), (10e6, "MB", 2)):
        if n < limit:
            return f"{n / {'B': 1, 'kB': 1e3, 'MB': 1e6}[unit]:.{digits}f} {unit}"
    return f"{n / 1e6:.1f} MB"


def table(rows):
    """Medians, work by work."""
    yield "| work | | up | down | round trips | CPU | peak (own) | server CPU | server peak | stored |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for work in WORKS:
        for name in dict.fromkeys(row["peer"] for row in rows):
            of = [row for row in rows if row["peer"] == name and row["work"] == work]
            if not of:
                continue
            middle = lambda key: statistics.median(row[key] for row in of)
            cpu = statistics.median(row["user"] + row["sys"] for row in of)
            yield (f"| {work} | {name} | {size(middle('up'))} | {size(middle('down'))} | "
                   f"{middle('turns'):.0f} | {cpu:.3f} s | {middle('rss') / 1024:.1f} "
                   f"({middle('anon') / 1024:.1f}) MiB | {middle('server_cpu'):.2f} s | "
                   f"{middle('server_rss') / 1024:.1f} MiB | {size(middle('stored'))} |")


def versions():
    for command in (["restic", "version"], ["borg", "--version"], ["rclone", "version"]):
        if shutil.which(command[0]):
            yield subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small form, in under two minutes")
    parser.add_argument("--repeat", type=int)
    parser.add_argument("--contacts", type=int)
    parser.add_argument("--photos", type=int, help="MiB")
    parser.add_argument("--peers", default="cloudbox,restic,borg")
    parser.add_argument("--build", default=str(ROOT / "build-check" / "release"))
    parser.add_argument("--out", help="every measurement, tab-separated")
    given = parser.parse_args()
    chosen = {**(QUICK if given.quick else FULL),
              **{key: value for key, value in vars(given).items() if key in FULL and value}}
    with tempfile.TemporaryDirectory(prefix="cloudbox-bench-") as work:
        bench = Bench(work, given.build)
        say(f"seed {gen.SEED}, {chosen['contacts']} contacts, {chosen['photos']} MiB of photos, "
            f"{chosen['repeat']} runs")
        master = make_data(bench.work, chosen["contacts"], chosen["photos"])
        for name in given.peers.split(","):
            if name == "cloudbox":
                run_cloudbox(bench, master, chosen["contacts"], chosen["repeat"])
            elif shutil.which(name):
                run_peer(bench, name, master, chosen["contacts"], chosen["repeat"])
            else:
                say(f"{name} is not installed: left out")
    print(f"{platform.platform()}, {os.cpu_count()} CPUs; {'; '.join(versions())}")
    print("\n".join(table(bench.rows)))
    if given.out:
        with open(given.out, "w") as out:
            out.write("\n".join("\t".join(str(row[key]) for key in FIELDS)
                                for row in [dict(zip(FIELDS, FIELDS)), *bench.rows]) + "\n")


if __name__ == "__main__":
    if not (DATA / "peers.py").is_file():
        print(f"no bench data in {DATA}: set CLOUDBOX_BENCH_DATA; nothing was measured")
        sys.exit(0)
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(DATA)]
    build = re.search(r"--build[= ](\S+)", " ".join(sys.argv[1:]))
    os.environ["CLOUDBOX_BUILD"] = build[1] if build else str(ROOT / "build-check" / "release")
    import gen
    import peers
    import programs
    main()
