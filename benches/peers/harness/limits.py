"""What PostgreSQL alone can do on this machine: pgbench sends prepared statements, without HTTP, GraphQL or JSON."""
import os
import random
import re

from harness import captured_sql, load_drivers, requests
from harness.contender import SOURCE, Contender
from harness.ours import Ours
from harness.peers import filled_template

# As many sessions as our server has: it reads the same variable, and 10 is its default.
SESSIONS = int(os.environ.get("DATABASE_CONNECTIONS", 10))

# The demo data repeats its states every ten interviews, and five in a row of these ten are open.
PERIOD, OPEN_RUN = 10, 5


class PeersLimit(Contender):
    """`pgbench`: one statement for each workload on the peers' tables."""
    is_limit = True

    def prepare(self, workloads):
        self.template = filled_template(self.bench)

    def reset(self):
        self.bench.cluster.create(self.database, self.template)

    def load(self, workload, concurrency, seconds, seed):
        return load_drivers.pgbench_load(self.bench.cluster, self.database, [SOURCE / f"sql/{workload}.sql"],
                                         {"interviews": self.interviews}, concurrency, seconds)


class OwnLimit(Contender):
    """`pgbench-own`: the statements that our server sends for W3, on our tables."""
    is_limit, workloads = True, ("W3",)

    def __init__(self, bench, name, binary):
        super().__init__(bench, name)
        self.ours = Ours(bench, name, binary)
        self.ours.extra_environment = captured_sql.LOGGING
        self.scripts, self.variables, self.log_table = [], {}, None

    def prepare(self, workloads):
        self.ours.fill()
        log = captured_sql.StatementLog(self.bench.cluster)
        with self.ours as server:
            settings = log.session_settings()
            catalog = requests.walk(server.client(), server.dialect, brief=True)
            interviews = random.Random(3).sample(catalog.open_interviews(), 40)
            # W3 moves by 0, 5 or 10 minutes, so two updates of three change the time, which takes locks.
            # The second capture asks for the time of the first.
            moved = captured_sql.capture(server, log, "moved", interviews, minutes=5)
            stayed = captured_sql.capture(server, log, "stayed", interviews, minutes=5)
        first, runs = regular_ids(catalog)
        self.variables = {"first": first, "runs": runs, "fresh": 1}
        # The two scripts use different interviews. So the version of one that is moved says whether to move it back.
        run = f":first + {PERIOD} * random(0, :runs - 1)"
        self._add_script("moved", 2, moved, settings, f"{run} + random(0, 2)", "5 - 10 * (:interviews_version % 2)")
        self._add_script("stayed", 1, stayed, settings, f"{run} + random(3, {OPEN_RUN - 1})", "0")
        self.log_table = re.search(r'INSERT INTO "?(\w+)', moved[0].executions[-1].sql)[1]
        self._verify()
        print(f"captured {self.name}: {len(moved[0].executions)} statements for W3, {runs * OPEN_RUN} interviews",
              flush=True)

    def _add_script(self, name, weight, samples, settings, choose_id, minutes):
        file = self.bench.home / "scripts" / f"{name}.sql"
        text, constants = captured_sql.pgbench_script(name, samples, settings, choose_id, minutes)
        file.write_text(text)
        self.scripts.append(f"{file}@{weight}")
        self.variables |= constants

    def _verify(self):
        """With one connection nothing is locked by others, so every transaction must write."""
        with self:
            result, written = self._run(concurrency=1, seconds=1)
            assert result["good"] == written > 0, f"{written} of {result['good']} transactions wrote an event"

    def reset(self):
        self.ours.reset()

    def load(self, workload, concurrency, seconds, seed):
        result, written = self._run(min(concurrency, SESSIONS), seconds)
        return result | {"good": written, "transactions": result["good"]}

    def _run(self, concurrency, seconds):
        before = self._events()
        result = load_drivers.pgbench_load(self.bench.cluster, self.ours.database, self.scripts, self.variables,
                                           concurrency, seconds)
        return result, self._events() - before

    def _events(self):
        """How many events were ever written, by the sequence of their ids: counting rows would take processor time."""
        sequence = f"pg_sequence_last_value(pg_get_serial_sequence('{self.log_table}', 'id'))"
        return int(self.bench.cluster.psql(self.ours.database, "-c", f"SELECT {sequence}"))


def regular_ids(catalog):
    """The id at which open interviews begin to come in regular runs, and the number of these runs."""
    ids = {int(interview[0]) for interview in catalog.open_interviews()}
    first = min(id for id in ids if id > 100 and id - 1 not in ids)
    runs = 0
    while all(first + PERIOD * runs + step in ids for step in range(OPEN_RUN)):
        runs += 1
    assert runs * OPEN_RUN > 0.9 * len(ids), "the demo data no longer repeats its states as PERIOD and OPEN_RUN say"
    return first, runs
