"""A GraphQL server in a process of its own."""
import http.client
import os
import socket
import subprocess
import sys
import time
import urllib.request

from harness import load_drivers, processes, requests
from harness.client import Client
from harness.contender import Contender
from harness.dialects import PAGE
from harness.verification import verify


class GraphqlServer(Contender):
    truth = None  # a method of servers whose tables are known: see `verify`
    process = None

    def __init__(self, bench, name, dialect, port=None):
        super().__init__(bench, name)
        self.dialect, self.headers, self.port = dialect, {}, port or bench.port
        self.url = f"http://127.0.0.1:{self.port}/graphql"

    def fill(self):
        """Makes the data that every round starts from."""
        raise NotImplementedError

    def command(self):
        """The arguments and the environment of the server's process."""
        raise NotImplementedError

    def prepare(self, workloads):
        """Fills the database, writes the requests of the workloads and verifies the server's answers."""
        self.fill()
        with self:
            catalog = requests.walk(self.client(), self.dialect)
            for workload in workloads:
                self.write_bodies(workload, requests.bodies(self.dialect, workload, catalog))
            verify(self.client(), self.dialect, catalog, self.truth)
        print(f"verified {self.name}: {len(catalog.interviews)} interviews, {len(catalog.cursors)} cursors", flush=True)

    def is_ready(self):
        body = b'{"query":"{__typename}"}'
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        return urllib.request.urlopen(request, timeout=5).status == 200

    def _answers(self):
        try:
            return self.is_ready()
        except (OSError, http.client.HTTPException):  # the server refuses connections or cuts them while it starts
            return False

    def start(self):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                sys.exit(f"port {self.port} is in use; choose another with --port")
        arguments, environment = self.command()
        started = time.monotonic()
        with open(self.bench.home / "logs" / f"{self.name}.log", "ab") as log:
            self.process = subprocess.Popen(arguments, env={**os.environ, **environment}, stdout=log, stderr=log,
                                            cwd=self.bench.home, start_new_session=True)
        while not self._answers():
            assert self.process.poll() is None, f"it ended at its start, see logs/{self.name}.log"
            assert time.monotonic() < started + 60, f"it was not ready within a minute, see logs/{self.name}.log"
            time.sleep(0.005)
        self.boot_s, self.idle_mb = time.monotonic() - started, processes.memory_mb(self.process.pid, "VmRSS")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def pid(self):
        return self.process.pid if self.process else None

    def client(self):
        return Client(self.url, self.headers)

    def bodies_file(self, workload):
        return self.bench.home / "bodies" / f"{self.name}.{workload.replace(' ', '-')}.jsonl"

    def write_bodies(self, workload, bodies):
        self.bodies_file(workload).write_text("\n".join(bodies))

    def load(self, workload, concurrency, seconds, seed):
        expected = {'"contactPhoneNumber"': PAGE if workload.startswith("W1") else 1}
        if workload == "W3":
            expected |= self.dialect.update_expected
        return load_drivers.http_load(self.bench.home / "target/release/loader", self.url, self.bodies_file(workload),
                                      concurrency, seconds, seed, self.headers, expected)
