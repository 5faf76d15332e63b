"""What servers and limits have in common."""
import re
from dataclasses import dataclass
from pathlib import Path

from harness.cluster import Cluster

SOURCE = Path(__file__).resolve().parent.parent


@dataclass
class Bench:
    """What all contenders of a run share."""
    home: Path
    cluster: Cluster
    port: int  # of all servers: they run one after another, except for a baseline
    interviews: int


class Contender:
    """One line of the tables. Subclasses say where the data comes from, what to run and how to load it."""
    workloads = ("W1", "W2", "W3")
    is_limit = False  # a limit is compared with ours, but is no peer
    pid = None  # of the process whose processor time and memory are measured
    boot_s = idle_mb = 0
    chosen_workloads = ()  # those of `workloads` that this run measures

    def __init__(self, bench, name):
        self.bench, self.name, self.interviews = bench, name, bench.interviews
        self.database = "run_" + re.sub(r"\W", "_", name)

    def prepare(self, workloads):
        """Makes the data that every round starts from, and what `load` needs for these workloads."""

    def reset(self):
        """Restores the data that `prepare` made."""

    def start(self):
        """Starts the process, if there is one."""

    def stop(self):
        """Stops the process, if there is one."""

    def load(self, workload, concurrency, seconds, seed):
        """Runs the load driver; gives its counts and latencies."""
        raise NotImplementedError

    def __enter__(self):
        self.reset()
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
