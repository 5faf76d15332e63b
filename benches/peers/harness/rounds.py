"""Runs the contenders round by round and measures them."""
import sys
from contextlib import ExitStack

from harness import processes, report, requests, selection
from harness.ours import Ours

WARM_UP = {"concurrency": 16, "seconds": 2, "seed": 0}


def measure_once(contender, workload, concurrency, seconds, seed):
    def readings():
        return (processes.cpu_seconds(contender.pid), processes.cpu_seconds(contender.bench.cluster.pid),
                processes.finished_children_seconds(), processes.busy_seconds())

    before = readings()
    result = contender.load(workload, concurrency, seconds, seed)
    server_s, postgres_s, driver_s, machine_s = (now - then for now, then in zip(readings(), before))
    per_request = 1000 / max(result["good"], 1)
    return result | {
        "server": contender.name, "workload": workload, "concurrency": concurrency, "interviews": contender.interviews,
        "rate": result["good"] / result["seconds"], "kb": result["bytes"] / 1000 if result["bytes"] else None,
        "server_ms": server_s * per_request if contender.pid else None, "pg_ms": postgres_s * per_request,
        "cpu_ms": (server_s + postgres_s) * per_request, "driver_ms": driver_s * per_request,
        "other": max(0, machine_s - server_s - postgres_s - driver_s) / result["seconds"]}  # cores of other programs


def measure_group(group, options, round_number):
    """One round of contenders that run at the same time and are measured in turns: fresh data and fresh processes."""
    measurements, group = [], in_order_of_round(group, round_number)
    with ExitStack() as stack:
        for contender in group:
            stack.enter_context(contender)
        for workload in options.workloads:
            taking_part = [contender for contender in group if workload in contender.chosen_workloads]
            for contender in taking_part:
                contender.load(workload, **WARM_UP)
            for concurrency in options.conc:
                for contender in taking_part:
                    result = measure_once(contender, workload, concurrency, options.secs, round_number)
                    measurements.append(result | {"round": round_number})
                    print(f"  round {round_number} {contender.name:16}{workload:10} c={concurrency:<3}"
                          f"{result['rate']:9.1f}/s  p50 {result['p50']:.2f} ms  bad {result['bad']}  "
                          f"other {result['other']:.2f}", flush=True)
        runs = [measure_process(contender) for contender in group if contender.pid]
    return measurements, runs


def measure_process(contender):
    peak = processes.memory_mb(contender.pid, "VmHWM")
    return {"server": contender.name, "boot_s": contender.boot_s, "idle_mb": contender.idle_mb, "peak_mb": peak}


def in_order_of_round(sequence, round_number):
    """Every second round runs in the opposite order, so that a drift of the machine affects all alike."""
    return sequence[:: 1 if round_number % 2 else -1]


def measure_all(groups, options):
    measurements, runs = [], []
    for round_number in range(1, options.rounds + 1):
        for group in in_order_of_round(groups, round_number):
            measured, processes_of_group = measure_group(group, options, round_number)
            measurements, runs = measurements + measured, runs + processes_of_group
    return measurements, runs


def prepare(contender, options):
    """Whether the contender can take part. One that fails its verification is left out, and the run goes on."""
    contender.chosen_workloads = [workload for workload in contender.workloads if workload in options.workloads]
    try:
        contender.prepare(contender.chosen_workloads)
    except Exception as error:
        print(f"LEFT OUT {contender.name}: {type(error).__name__}: {error}", file=sys.stderr)
        return False
    return True


def compare(bench, options):
    """All chosen servers and limits."""
    chosen = list(selection.groups(bench, options))
    groups = [[contender for contender in group if prepare(contender, options)] for group in chosen]
    failed = sum(map(len, groups)) < sum(map(len, chosen))
    measurements, runs = measure_all(groups, options)
    if not measurements:
        sys.exit("nothing was measured")
    report.print_measurements(measurements)
    report.print_processes(runs)
    for names in selection.comparisons(groups):
        report.print_ratios_to_peers(measurements, names.ours, names.peers)
        for other in names.by_round:
            report.print_ratios_by_round(measurements, names.ours, other)
    return measurements, runs, failed or any(result["bad"] for result in measurements)


def compare_sizes(bench, options):
    """Ours with few and with many interviews: shows what grows with the table."""
    groups, sizes = [], (options.interviews, options.growth)
    options.workloads = ["W1 random", "W1 late", "W2 random"]
    name = "ours-sqlite" if "ours-sqlite" in options.servers else "ours"
    for size in sizes:
        server = Ours(bench, f"{name}-{size}", options.server, sqlite=name == "ours-sqlite")
        server.interviews = size
        server.fill()
        with server:
            catalog = requests.walk(server.client(), server.dialect, max_pages=size, brief=True)
        late = requests.Catalog(cursors=catalog.cursors[-max(1, len(catalog.cursors) // 100):])
        for workload, source in (("W1 random", catalog), ("W1 late", late), ("W2 random", catalog)):
            server.write_bodies(workload, requests.bodies(server.dialect, workload[:2], source))
        print(f"filled {server.name}: {len(catalog.interviews)} interviews", flush=True)
        server.chosen_workloads = options.workloads
        groups.append([server])
    measurements, runs = measure_all(groups, options)
    report.print_growth(measurements, *sizes)
    return measurements, runs, any(result["bad"] for result in measurements)
