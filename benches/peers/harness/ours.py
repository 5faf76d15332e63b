"""The `interviews` server, used through its command line alone, so that its tables and code may change freely."""
import os
import re
import secrets
import shutil
import subprocess
import urllib.request
from pathlib import Path

from harness import dialects
from harness.graphql_server import GraphqlServer

STAFF = "1000"  # a user of the demo data who sees every interview of the first company


class Ours(GraphqlServer):
    def __init__(self, bench, name, binary, sqlite=False, port=None, dialect=dialects.CONTRACT):
        super().__init__(bench, name, dialect, port)
        self.binary, self.sqlite = Path(binary).resolve(), sqlite
        self.secret, self.template = secrets.token_hex(32), f"template_{self.database}"
        self.extra_environment = {}

    def _file(self, database):
        return self.bench.home / f"{database}.sqlite"

    def _environment(self, database):
        url = f"sqlite://{self._file(database)}" if self.sqlite else self.bench.cluster.url(database)
        settings = {"DATABASE_URL": url, "JWT_SECRET": self.secret, "BIND": f"127.0.0.1:{self.port}"}
        return settings | self.extra_environment

    def _run(self, *arguments):
        environment = {"LOG": "warn", **os.environ, **self._environment(self.template)}
        command = [self.binary, *arguments]
        return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    def fill(self):
        if self.sqlite:
            self._remove_files(self.template)
        else:
            self.bench.cluster.create(self.template)
        self._run("migrate", "up")
        self._run("demo-data", "--interviews", str(self.interviews))
        if not self.sqlite:  # autovacuum does this within minutes of real use
            self.bench.cluster.psql(self.template, "-c", "VACUUM (FREEZE, ANALYZE)")
        token = re.search(r"[\w-]+\.[\w-]+\.[\w-]+", self._run("token", "--sub", STAFF))
        self.headers = {"Authorization": f"Bearer {token[0]}"}

    def _remove_files(self, database):
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._file(database)}{suffix}").unlink(missing_ok=True)

    def reset(self):
        if not self.sqlite:
            self.bench.cluster.create(self.database, self.template)
            return
        self._remove_files(self.database)
        for suffix in ("", "-wal"):
            if Path(f"{self._file(self.template)}{suffix}").exists():
                shutil.copy(f"{self._file(self.template)}{suffix}", f"{self._file(self.database)}{suffix}")

    def command(self):
        return [self.binary, "serve"], self._environment(self.database)

    def is_ready(self):
        return urllib.request.urlopen(self.url.replace("/graphql", "/readyz"), timeout=5).status == 200


class OursKeyed(Ours):
    """Our server with an idempotency key in each W3."""
    workloads = ("W3",)

    def __init__(self, bench, name, binary):
        super().__init__(bench, name, binary, port=bench.port + 2, dialect=dialects.KEYED)

    def load(self, workload, concurrency, seconds, seed):
        # The driver draws the keys: measurements with one seed would send the same ones.
        return super().load(workload, concurrency, seconds, 1000 * seed + concurrency)
