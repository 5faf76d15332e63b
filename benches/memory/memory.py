#!/usr/bin/env python3
"""Attacks one `interviews` server in every way that once made it use too much memory, all at once, and measures the
peak and the latency of other clients. README.md says how to read the report."""
import sys

sys.dont_write_bytecode = True  # keeps the source folders free of generated files
import argparse
import json
import multiprocessing
import tempfile
import time
from pathlib import Path

import attacks
import clients
from server import Server


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", metavar="BINARY", type=Path, required=True, help="the `interviews` binary")
    parser.add_argument("--secs", type=float, default=60, help="length of the attack")
    parser.add_argument("--limit", type=float, default=256, help="highest memory that is accepted, in MiB")
    parser.add_argument("--port", type=int, default=18620)
    parser.add_argument("--only", nargs="*", metavar="ATTACK", default=list(attacks.ALL), choices=list(attacks.ALL),
                        help=f"run these attacks alone: {', '.join(attacks.ALL)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file")
    return parser.parse_args()


def run_for(seconds, server, names, samples):
    """Runs the attacks and the other clients in processes of their own. Returns what each has counted."""
    pool = multiprocessing.get_context("spawn")
    results, until = pool.Queue(), time.time() + seconds
    jobs = [pool.Process(target=clients.run, args=(server.target, until, results))]
    jobs += [pool.Process(target=attacks.run, args=(name, server.target, until, results)) for name in names]
    for job in jobs:
        job.start()
    found = {}
    while len(found) < len(jobs):
        samples.append(server.memory_mb("VmRSS"))
        while not results.empty():
            name, result = results.get()
            found[name] = result
        if time.time() > until + 60:
            raise SystemExit("the attacks do not end")
        time.sleep(0.05)
    for job in jobs:
        job.join()
    return found


def print_latency(label, result):
    latency = " ".join(f"{name} {result[name]:.1f} ms" for name in ("p50", "p99", "max"))
    print(f"other clients {label}: {result['requests']} requests, {result['failures']} failed, {latency}")


def main():
    options = parse_arguments()
    with tempfile.TemporaryDirectory() as home, Server(options.server, Path(home), options.port) as server:
        idle, samples = server.memory_mb("VmRSS"), []
        alone = run_for(max(options.secs / 6, 2), server, [], samples)["clients"]
        during = run_for(options.secs, server, options.only, samples)
        time.sleep(5)
        after, peak = server.memory_mb("VmRSS"), server.memory_mb("VmHWM")
    others = during.pop("clients")
    for name, counts in sorted(during.items()):
        print(f"{name}: " + ", ".join(f"{count} × {outcome}" for outcome, count in sorted(counts.items())))
    print_latency("alone", alone)
    print_latency("during the attack", others)
    print(f"memory: {idle:.0f} MiB idle, {peak:.0f} MiB at most (limit {options.limit:.0f}), {after:.0f} MiB 5 s after")
    if options.json:
        figures = {"idle": idle, "peak": peak, "after": after, "alone": alone, "during": others, "attacks": during}
        options.json.write_text(json.dumps(figures | {"samples": samples}, indent=1))
    if peak > options.limit or others["failures"] or not others["requests"]:
        sys.exit("the server used too much memory, or did not serve its other clients")


if __name__ == "__main__":
    main()
