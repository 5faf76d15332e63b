"""Processor time and memory of processes, from Linux's /proc."""
import os
import re
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """The fields of /proc/PID/stat after the command's name, which may itself contain blanks."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def process_tree(root):
    children = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            children.setdefault(int(_stat(folder.name)[1]), []).append(int(folder.name))
        except OSError:  # the process has ended meanwhile
            pass
    tree = [root]
    for pid in tree:
        tree += children.get(pid, [])
    return tree


def cpu_seconds(root):
    """User and system time of a process and its descendants, including those that have ended. 0 for None."""
    total = 0
    for pid in process_tree(root) if root else []:
        try:
            total += sum(map(int, _stat(pid)[11:15]))
        except OSError:
            pass
    return total / TICKS


def memory_mb(root, field):
    """`VmRSS` is the memory that is held now, `VmHWM` the highest value so far."""
    total = 0
    for pid in process_tree(root):
        try:
            found = re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        except OSError:
            continue
        total += int(found[1]) if found else 0
    return total / 1024


def busy_seconds():
    """Processor time of the whole machine so far. The difference to our processes is what other programs used."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS  # without idle and iowait


def finished_children_seconds():
    """Of children that have ended: the load driver. The servers are still running when this is read."""
    times = os.times()
    return times.children_user + times.children_system
