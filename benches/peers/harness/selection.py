"""Which servers and limits can take part, by name, and which of them are compared with each other."""
from dataclasses import dataclass

from harness.limits import OwnLimit, PeersLimit
from harness.ours import Ours, OursKeyed
from harness.peers import node_peer, seaography

OURS = ("ours", "ours-sqlite")
KEYED = "ours-keyed"
NODE_PEERS = ("postgraphile", "mercurius", "yoga")
NAMES = (*OURS, KEYED, *NODE_PEERS, "seaography", "pgbench", "pgbench-own")
DEFAULT = ["ours", *NODE_PEERS, "pgbench", "pgbench-own"]
NEED_BINARY = {*OURS, KEYED, "pgbench-own"}


def baseline_of(name):
    """The name of the baseline in the tables: baseline or baseline-sqlite."""
    return name.replace("ours", "baseline")


def groups(bench, options):
    """The chosen contenders in order. Those of a group run at the same time and are measured in turns."""
    names = options.servers
    for name in names:
        if name == "ours":
            own_limit = [OwnLimit(bench, "pgbench-own", options.server)] if "pgbench-own" in names else []
            keyed = [OursKeyed(bench, KEYED, options.server)] if KEYED in names else []
            yield [*ours_and_baseline(bench, options, name), *keyed, *own_limit]
        elif name == "ours-sqlite":
            yield ours_and_baseline(bench, options, name)
        elif name in NODE_PEERS:
            yield [node_peer(bench, name)]
        elif name == "seaography":
            yield [seaography(bench)]
        elif name == "pgbench":
            yield [PeersLimit(bench, name)]
        elif "ours" not in names and name == "pgbench-own":
            yield [OwnLimit(bench, name, options.server)]


def ours_and_baseline(bench, options, name):
    sqlite = name == "ours-sqlite"
    ours = Ours(bench, name, options.server, sqlite)
    if not options.baseline:
        return [ours]
    return [Ours(bench, baseline_of(name), options.baseline, sqlite, port=bench.port + 1), ours]


@dataclass
class Comparison:
    """Names of one of ours and of what it is compared with."""
    ours: str
    peers: set
    by_round: list  # limits and the baseline


def comparisons(groups):
    contenders = {contender.name: contender for group in groups for contender in group}
    limits = [name for name, contender in contenders.items() if contender.is_limit]
    peers = set(contenders) - {*limits, *OURS, KEYED, *map(baseline_of, OURS)}
    for name in OURS:
        if name in contenders:
            beside = [other for other in (baseline_of(name), KEYED) if other in contenders]
            yield Comparison(name, peers, [*limits, *beside])
