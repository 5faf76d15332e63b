#!/usr/bin/env python3
"""Measures the `interviews` server beside other GraphQL servers, on one PostgreSQL. README.md says how to read it."""
import sys

sys.dont_write_bytecode = True  # keeps the source folders free of generated files
import argparse
import fcntl
import json
import os
import signal
from pathlib import Path

from harness import rounds, selection
from harness.cluster import Cluster
from harness.contender import Bench


def parse_arguments():
    def numbers(text):
        return [int(number) for number in text.split(",")]

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("servers", nargs="*", metavar="SERVER", default=selection.DEFAULT,
                        help=f"{', '.join(selection.NAMES)}; default: {' '.join(selection.DEFAULT)}")
    parser.add_argument("--server", metavar="BINARY", type=Path, help="the `interviews` binary to measure as `ours`")
    parser.add_argument("--baseline", metavar="BINARY", type=Path,
                        help="another `interviews` binary: measured in turns with `ours` and compared with it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--secs", type=float, default=8, help="length of one measurement")
    parser.add_argument("--conc", type=numbers, default=[1, 16, 64], help="numbers of connections, as in 1,16,64")
    parser.add_argument("--workloads", default="W1,W2,W3", type=lambda text: text.split(","))
    parser.add_argument("--interviews", type=int, default=100_000, help="interviews in the database, at least 2000")
    parser.add_argument("--growth", type=int, metavar="N",
                        help="compare ours (or ours-sqlite) with N interviews and with --interviews, without peers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement to this file")
    parser.add_argument("--pg-port", type=int, default=18599)
    parser.add_argument("--port", type=int, default=18600,
                        help="of the server under test; the baseline has the next one. Outgoing ports begin at 32768")
    options = parser.parse_args()
    if unknown := set(options.servers) - set(selection.NAMES):
        parser.error(f"no such server: {', '.join(sorted(unknown))}")
    if not options.server and (options.growth or selection.NEED_BINARY & set(options.servers)):
        parser.error("ours, ours-sqlite and pgbench-own need --server BINARY")
    return options


def lock(home):
    """Keeps a second run away from the same ports and databases. The lock ends with the process."""
    file = open(home / "lock", "w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"another run is using {home}")
    return file


def main():
    options = parse_arguments()
    home = Path(os.environ.get("BENCH_HOME") or Path(os.environ.get("TMPDIR") or "/tmp") / "interviews-bench").resolve()
    if not (home / "target/release/loader").exists():
        sys.exit(f"nothing is installed in {home}: run setup.sh first")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that SIGTERM stops the servers and the cluster, too
    for folder in ("bodies", "logs", "scripts"):
        (home / folder).mkdir(exist_ok=True)
    with lock(home), Cluster(home, options.pg_port) as cluster:
        bench = Bench(home, cluster, options.port, options.interviews)
        measure = rounds.compare_sizes if options.growth else rounds.compare
        measurements, processes, failed = measure(bench, options)
    if options.json:
        options.json.write_text(json.dumps({"measurements": measurements, "processes": processes}, indent=1))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
