"""The two load drivers: `loader` posts requests over HTTP, pgbench sends SQL."""
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def http_load(driver, url, bodies, concurrency, seconds, seed, headers, expected):
    options = [f"header={name}: {value}" for name, value in headers.items()]
    options += [f"expect={text}={count}" for text, count in expected.items()]
    command = [driver, url, bodies, str(concurrency), str(seconds), str(seed), *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.stderr:
        print(f"  {url}: {done.stderr.strip()}", file=sys.stderr)
    if done.returncode:
        sys.exit("the load driver failed")
    return json.loads(done.stdout)


def pgbench_load(cluster, database, scripts, variables, concurrency, seconds):
    """`scripts` are files, with `@WEIGHT` at the end if they are not equally frequent. All statements are prepared."""
    seconds = max(1, round(seconds))
    with tempfile.TemporaryDirectory() as folder:
        options = [option for script in scripts for option in ("-f", script)]
        options += [option for name, value in variables.items() for option in ("-D", f"{name}={value}")]
        command = [cluster.bin / "pgbench", "-n", "-M", "prepared", *options, "-c", str(concurrency), "-j", "1",
                   "-T", str(seconds), "-l", "--log-prefix", f"{folder}/log", cluster.url(database)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        micros = sorted(int(line.split()[2]) for log in Path(folder).iterdir() for line in log.open())
    return {"good": len(micros), "bad": 0, "seconds": seconds, "bytes": None,
            "p50": micros[len(micros) // 2] / 1000, "p99": micros[len(micros) * 99 // 100] / 1000}
