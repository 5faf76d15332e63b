"""Tables. Every figure is the median of the rounds. Ratios are of such medians, or medians of each round's ratio."""
from statistics import median


def _grouped(measurements, *keys):
    groups = {}
    for measurement in measurements:
        groups.setdefault(tuple(measurement[key] for key in keys), []).append(measurement)
    return groups


def _cells(measurements):
    """(workload, concurrency, measurements by server), sorted."""
    for (workload, concurrency), cell in sorted(_grouped(measurements, "workload", "concurrency").items()):
        yield workload, concurrency, {server: rows for (server,), rows in _grouped(cell, "server").items()}


def _middle(rows, key):
    """None where a figure does not exist, as the processor time of the server of a limit."""
    values = [row[key] for row in rows if row[key] is not None]
    return median(values) if values else None


def _number(value, width, digits):
    return f"{'-':>{width}}" if value is None else f"{value:{width}.{digits}f}"


def _ratio(rows, others, key):
    own, other = _middle(rows, key), _middle(others, key)
    return own / other if own is not None and other else None


def print_measurements(measurements):
    print(f"\n{'work':5}{'conc':>5} {'server':16}{'req/s':>10}{'spread':>8}{'p50 ms':>9}{'p99 ms':>9}"
          f"{'server CPU':>12}{'pg CPU':>8}{'kB':>7}{'bad':>6}{'other':>7}   (CPU: ms per request)")
    columns = {"p50": (9, 2), "p99": (9, 2), "server_ms": (12, 3), "pg_ms": (8, 3), "kb": (7, 1)}
    for workload, concurrency, servers in _cells(measurements):
        for server, rows in sorted(servers.items(), key=lambda item: -_middle(item[1], "rate")):
            rates, middle = [row["rate"] for row in rows], _middle(rows, "rate")
            spread = (max(rates) - min(rates)) / max(middle, 1e-9)
            print(f"{workload:5}{concurrency:>5} {server:16}{middle:10.1f}{spread:8.0%}"
                  + "".join(_number(_middle(rows, key), *form) for key, form in columns.items())
                  + f"{sum(row['bad'] for row in rows):6}{_middle(rows, 'other'):7.2f}")
        print()


def print_processes(runs):
    print(f"{'server':16}{'boot s':>8}{'idle MB':>9}{'peak MB':>9}")
    columns = {"boot_s": (8, 3), "idle_mb": (9, 0), "peak_mb": (9, 0)}
    for (server,), rows in _grouped([run for run in runs if run["peak_mb"]], "server").items():
        print(f"{server:16}" + "".join(_number(_middle(rows, key), *form) for key, form in columns.items()))


def print_ratios_to_peers(measurements, ours, peers):
    """For each figure the best peer is taken: it may be another one for each."""
    if not peers:
        return
    print(f"\n{ours} / best peer      {'req/s':22}{'CPU, server + pg':22}{'p50':22}")
    for workload, concurrency, servers in _cells(measurements):
        taking_part = [peer for peer in servers if peer in peers]
        if ours not in servers or not taking_part:
            continue
        line = f"{workload:5}{concurrency:>5}         "
        for key, best_of in (("rate", max), ("cpu_ms", min), ("p50", min)):
            best = best_of(taking_part, key=lambda peer: _middle(servers[peer], key))
            line += f"{_number(_ratio(servers[ours], servers[best], key), 5, 2)} {best:16}"
        print(line)


def print_ratios_by_round(measurements, ours, other):
    """Pairs the two by round: the median of the rounds' ratios, with the lowest and the highest."""
    print(f"\n{f'{ours} / {other}, by round':32}{'req/s':>20}{'server CPU':>20}{'pg CPU':>20}{'p50':>20}")
    for workload, concurrency, servers in _cells(measurements):
        if ours not in servers or other not in servers:
            continue
        line = f"{workload:5}{concurrency:>5}{'':22}"
        for key in ("rate", "server_ms", "pg_ms", "p50"):
            pairs = [(own[key], its[key]) for own, its in zip(servers[ours], servers[other])]  # one of each in a round
            ratios = [own / its for own, its in pairs if own is not None and its]
            spread = f"{median(ratios):.2f} ({min(ratios):.2f} - {max(ratios):.2f})" if ratios else "-"
            line += f"{spread:>20}"
        print(line)


def print_growth(measurements, small, large):
    print(f"\ngrowth: {large} interviews / {small} (1.00: none)\n"
          f"{'work':12}{'conc':>5}{'server CPU':>12}{'pg CPU':>9}{'both':>7}{'p50':>7}{'bad':>6}")
    for (workload, concurrency), cell in _grouped(measurements, "workload", "concurrency").items():
        few, many = (_grouped(cell, "interviews")[size,] for size in (small, large))
        ratios = {key: _ratio(many, few, key) for key in ("server_ms", "pg_ms", "cpu_ms", "p50")}
        print(f"{workload:12}{concurrency:>5}{_number(ratios['server_ms'], 12, 2)}{_number(ratios['pg_ms'], 9, 2)}"
              f"{_number(ratios['cpu_ms'], 7, 2)}{_number(ratios['p50'], 7, 2)}{sum(row['bad'] for row in cell):6}")
