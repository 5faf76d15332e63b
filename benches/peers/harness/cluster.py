"""The benchmark's own PostgreSQL cluster: created in BENCH_HOME, started and stopped by each run."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

# Durability keeps its defaults. The rest keeps checkpoints and connection limits out of short measurements.
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 512MB
max_wal_size = 4GB
checkpoint_timeout = 30min
timezone = 'UTC'
"""


def find_binaries():
    candidates = [Path(folder) for folder in sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)]
    if shutil.which("pg_config"):
        answer = subprocess.run(["pg_config", "--bindir"], check=True, capture_output=True, text=True)
        candidates.insert(0, Path(answer.stdout.strip()))
    for folder in candidates:
        if (folder / "initdb").exists():  # a client-only installation has pg_config and no server
            return folder
    sys.exit("no PostgreSQL server programs found (initdb, pg_ctl)")


class Cluster:
    def __init__(self, home, port):
        self.home, self.port, self.bin = home, port, find_binaries()
        self.folder = home / "pg"
        self.data, self.log = self.folder / "data", self.folder / "log"

    def __enter__(self):
        self.folder.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        if not (self.data / "postgresql.conf").exists():
            self._as_owner("initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "-E", "UTF8",
                           "--locale=C.UTF-8")
            with open(self.data / "postgresql.conf", "a") as config:
                config.write(SETTINGS)
        if (self.data / "postmaster.pid").exists():  # left by a killed run: the lock says that no other run is active
            self._pg_ctl("stop", "-m", "fast", check=False)
        self._pg_ctl("start", "-l", self.log, "-o", f"-p {self.port}")
        return self

    def __exit__(self, *_):
        self._pg_ctl("stop", "-m", "fast")

    def _pg_ctl(self, *arguments, check=True):
        self._as_owner("pg_ctl", "-D", self.data, "-w", *arguments, check=check)

    def _as_owner(self, program, *arguments, check=True):
        switch = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # PostgreSQL refuses to run as root
        # The output goes to a file: the postmaster would inherit a pipe and keep it open.
        with open(self.home / "pg_ctl.log", "w+") as log:
            command = [*switch, self.bin / program, *arguments]
            if subprocess.run(command, cwd=self.home, stdout=log, stderr=log).returncode and check:
                log.seek(0)
                sys.exit(f"{program} failed (can the user postgres enter {self.home}?)\n{log.read()}")

    @property
    def pid(self):
        return int((self.data / "postmaster.pid").read_text().split("\n")[0])

    def url(self, database):
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def psql(self, database, *arguments):
        command = [self.bin / "psql", self.url(database), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *arguments]
        quiet = {**os.environ, "PGOPTIONS": "-c client_min_messages=warning"}
        return subprocess.run(command, env=quiet, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def exists(self, database):
        return self.psql("postgres", "-c", f"SELECT 1 FROM pg_database WHERE datname = '{database}'") == "1"

    def create(self, database, template="template1"):
        """Replaces the database by an empty one or by a copy of the template."""
        self.psql("postgres", "-c", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        self.psql("postgres", "-c", f"CREATE DATABASE {database} TEMPLATE {template}")
        self.psql("postgres", "-c", "CHECKPOINT")
