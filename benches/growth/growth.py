#!/usr/bin/env python3
"""Measures every shape of list of the `interviews` server at growing numbers of interviews, and prints a table.

The cluster and the client are those of ../peers. A database is kept in BENCH_HOME until its folder is deleted: 15 GB
for 10 million interviews.
"""
import sys

sys.dont_write_bytecode = True  # keeps the source folders free of generated files
import argparse
import os
import re
import statistics
import subprocess
import tempfile
import time
import urllib.request
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
from harness.client import Client
from harness.cluster import Cluster

# The users of the demo data.
ROLES = {"admin": 1, "service": 2, "driver": 997, "staff": 1000, "other staff": 1002, "manager": 1003}
ORDERS = [f"{{field: {field}, direction: {direction}}}" for field in ("START_AT", "UPDATED_AT", "ID")
          for direction in ("ASC", "DESC")]
DAY, NEXT_DAY = "2026-01-20T00:00:00Z", "2026-01-21T00:00:00Z"
FILTERS = [
    "", "status: [SCHEDULED]", "status: [NO_SHOW]", "status: [PENDING, AMENDED]", "kind: [IN_PERSON]",
    "status: [COMPLETED], kind: [PHONE_CALL]", "awaiting: INTERVIEWEE", "awaitingMe: true", "awaitingMe: false",
    "intervieweeId: 277", "interviewerId: 1001", "driverId: 997", f'startAt: {{gte: "{DAY}"}}',
    f'startAt: {{gte: "{DAY}", lt: "{NEXT_DAY}"}}', f'updatedAt: {{gte: "{DAY}"}}',
    f'updatedAt: {{gte: "{DAY}", lt: "{NEXT_DAY}"}}', f'overlaps: {{startAt: "{DAY}", endAt: "{NEXT_DAY}"}}',
]
# What only some roles may list answers FORBIDDEN to the others.
ALLOWED = {"interviewers": {"admin", "service", "staff", "other staff", "manager"},
           "users": {"admin", "service", "manager"}, "companies": {"admin", "service"}}
SEARCHES = ["", 'search: "petra"', 'search: "howell"', 'search: "nobody"', 'search: "e"']


def shapes():
    """The role, the name of the shape, and the selection."""
    for role, order, condition in product(ROLES, ORDERS, FILTERS):
        arguments = f"first: 50, orderBy: {order}" + (f", filter: {{{condition}}}" if condition else "")
        short = re.sub(r"[{}]|field: |direction: ", "", order).replace(",", "")
        yield role, f"interviews by {short} {condition}", f"interviews({arguments}) {{ nodes {{ id status startAt }} }}"
    for role, condition in product(ROLES, FILTERS):
        arguments = f"(filter: {{{condition}}})" if condition else ""
        yield role, f"count of interviews {condition}", f"interviews{arguments} {{ totalCount }}"
    for field, role, search in product(("interviewees", "interviewers", "users", "companies"), ROLES, SEARCHES):
        if role in ALLOWED.get(field, ROLES):
            arguments = ", ".join(filter(None, ["first: 50", search]))
            yield role, f"{field} {search}", f"{field}({arguments}) {{ nodes {{ id }} }}"
    for role in ROLES:
        yield role, "interviewChanges", "interviewChanges(first: 50) { nodes { id interview { id } } }"


def p50(client, selection, repetitions):
    """In ms, of one connection that is warm. A shape that takes long is not repeated as often."""
    times = []
    while len(times) < repetitions and sum(times) < 2:
        started = time.perf_counter()
        client.ask(f"{{ {selection} }}", {}, selection.split("(")[0].split(" ")[0])
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times[1:] or times)


def measure(cluster, options, interviews):
    database = f"growth_{interviews}"
    environment = {"LOG": "warn", **os.environ, "DATABASE_URL": cluster.url(database), "JWT_SECRET": "growth" * 8,
                   "BIND": f"127.0.0.1:{options.port}"}
    run = lambda *arguments: subprocess.run([options.server, *arguments], env=environment, check=True,
                                            stdout=subprocess.PIPE, text=True).stdout
    if not cluster.exists(database):
        cluster.create(database)
        run("migrate", "up")
        started = time.monotonic()
        run("demo-data", "--interviews", str(interviews))
        print(f"{interviews} interviews filled in {time.monotonic() - started:.0f} s", file=sys.stderr)
    cluster.psql(database, "-c", "VACUUM ANALYZE")
    tokens = {role: re.search(r"[\w-]+\.[\w-]+\.[\w-]+", run("token", "--sub", str(user)))[0]
              for role, user in ROLES.items()}
    server = subprocess.Popen([options.server, "serve"], env=environment)
    try:
        url = f"http://127.0.0.1:{options.port}"
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{url}/readyz", timeout=5)
                break
            except OSError:
                time.sleep(0.1)
        clients = {role: Client(f"{url}/graphql", {"Authorization": f"Bearer {token}"})
                   for role, token in tokens.items()}
        chosen = [shape for shape in shapes() if options.only in f"{shape[0]} {shape[1]}"]
        return {(role, name): p50(clients[role], selection, options.repetitions) for role, name, selection in chosen}
    finally:
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", metavar="BINARY", type=Path, required=True)
    parser.add_argument("--sizes", default="100000,1000000,10000000", help="numbers of interviews")
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--only", default="", help="measure the shapes whose role and name contain this")
    parser.add_argument("--above", type=float, default=0, help="print the shapes that grow by more than this factor")
    parser.add_argument("--port", type=int, default=18610)
    parser.add_argument("--pg-port", type=int, default=18609)
    options = parser.parse_args()
    options.server = options.server.resolve()
    sizes = [int(size) for size in options.sizes.split(",")]
    home = Path(os.environ.get("BENCH_HOME", Path(tempfile.gettempdir()) / "interviews-bench"))
    home.mkdir(parents=True, exist_ok=True)
    with Cluster(home, options.pg_port) as cluster:
        results = [measure(cluster, options, size) for size in sizes]
    print(f"| viewer | list | {' | '.join(map(str, sizes))} | growth |\n|---|---|{'---|' * (len(sizes) + 1)}")
    for shape in results[0]:
        times = [result[shape] for result in results]
        if (growth := times[-1] / times[0]) >= options.above:
            print(f"| {shape[0]} | {shape[1]} | {' | '.join(f'{ms:.2f}' for ms in times)} | {growth:.2f} |")


if __name__ == "__main__":
    main()
