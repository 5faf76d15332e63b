"""The other servers. All of them have the tables of sql/schema.sql."""
import hashlib
import json
import shutil
from pathlib import Path

from harness import dialects
from harness.contender import SOURCE
from harness.graphql_server import GraphqlServer
from harness.verification import normal

SCHEMA = SOURCE / "sql/schema.sql"

# The same JSON as the peers answer, read from their tables.
TRUTH = """SELECT json_build_object('id', i.id::text, 'kind', i.kind, 'status', i.status,
  'startAt', start_at, 'endAt', end_at,
  'amendStartAt', amend_start_at, 'amendEndAt', amend_end_at, 'amendedBy', amended_by, 'location', location,
  'createdAt', created_at, 'updatedAt', i.updated_at,
  'interviewee', json_build_object('id', e.id::text, 'kind', e.kind, 'updatedAt', e.updated_at, 'driver',
    json_build_object('id', d.id::text, 'title', d.title, 'image', d.image, 'phoneNumber', phone_number)),
  'interviewer', json_build_object('id', r.id::text, 'title', r.title, 'image', r.image,
    'contactPhoneNumber', contact_phone_number))
FROM interviews i JOIN interviewees e ON e.id = interviewee_id JOIN drivers d ON d.id = driver_id
  JOIN interviewers r ON r.id = interviewer_id WHERE i.id IN ({ids})"""


def filled_template(bench):
    """The name of a database with the peers' tables and rows. It is kept between runs."""
    template = "peers_" + hashlib.md5(SCHEMA.read_bytes() + str(bench.interviews).encode()).hexdigest()[:8]
    if not bench.cluster.exists(template):  # another name until it is filled: a run may be interrupted
        bench.cluster.create("filling")
        bench.cluster.psql("filling", "-v", f"interviews={bench.interviews}", "-f", SCHEMA)
        bench.cluster.psql("postgres", "-c", f"ALTER DATABASE filling RENAME TO {template}")
    return template


class Peer(GraphqlServer):
    def __init__(self, bench, name, dialect, arguments):
        super().__init__(bench, name, dialect)
        self.arguments, self.template = arguments, None
        if not dialect.update_query:
            self.workloads = ("W1", "W2")

    def fill(self):
        assert Path(self.arguments[0]).exists(), f"{self.name} is not installed (run setup.sh)"
        self.template = filled_template(self.bench)

    def reset(self):
        self.bench.cluster.create(self.database, self.template)

    def command(self):
        environment = {"NODE_ENV": "production", "GRAPHILE_ENV": "production", "PORT": str(self.port)}
        return self.arguments, environment | {"DATABASE_URL": self.bench.cluster.url(self.database)}

    def truth(self, ids):
        rows = self.bench.cluster.psql(self.database, "-c", TRUTH.format(ids=",".join(map(str, ids)))).split("\n")
        found = {row["id"]: normal(row) for row in map(json.loads, rows)}
        return [found[str(id)] for id in ids]


def node_peer(bench, name):
    """setup.sh installs a Node of its own where it can; otherwise the peers run on the system's Node."""
    folder = bench.home / "node"
    bundled = folder / "node_modules/node/bin/node"
    node = bundled if bundled.exists() else shutil.which("node")
    dialect = dialects.POSTGRAPHILE if name == "postgraphile" else dialects.CONTRACT
    return Peer(bench, name, dialect, [node, folder / f"{name}.mjs"])


def seaography(bench):
    return Peer(bench, "seaography", dialects.SEAOGRAPHY, [bench.home / "target/release/seaography-peer"])
