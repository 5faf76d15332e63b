"""The server under attack: an `interviews serve` with its default settings on a SQLite file with demo data."""
import json
import os
import re
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

STAFF, DRIVER, OTHER_STAFF, OTHER_DRIVER = "1000", "997", "1002", "1000001"  # users of the demo data
LOCATION = "Building 7, entrance on the side of the canal; ring at the second door. " * 27  # almost 2000 characters


class Server:
    def __init__(self, binary, home, port):
        self.binary, self.home, self.port = binary.resolve(), home, port
        settings = {"DATABASE_URL": f"sqlite://{home}/interviews.db", "JWT_SECRET": secrets.token_hex(32)}
        self.environment = {"LOG": "error", **os.environ, **settings, "BIND": f"127.0.0.1:{port}"}

    def __enter__(self):
        self._run("migrate", "up")
        self._run("demo-data", "--interviews", "1000")
        tokens = {name: self._token(user) for name, user in
                  (("staff", STAFF), ("driver", DRIVER), ("other_staff", OTHER_STAFF), ("other_driver", OTHER_DRIVER))}
        self.target = {"port": self.port, "tokens": tokens}
        self.process = subprocess.Popen([self.binary, "serve"], env=self.environment)
        try:
            self._wait()
            self.target["interview"] = self._prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _run(self, *arguments):
        command = [self.binary, *arguments]
        return subprocess.run(command, env=self.environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    def _token(self, user):
        return re.search(r"[\w-]+\.[\w-]+\.[\w-]+", self._run("token", "--sub", user))[0]

    def _wait(self):
        for _ in range(200):
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5)
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None:
                    raise SystemExit("the server has ended")
                time.sleep(0.1)
        raise SystemExit("the server is not ready")

    def ask(self, query, **variables):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.target['tokens']['staff']}"}
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/graphql", body, headers)
        answer = json.load(urllib.request.urlopen(request, timeout=30))
        assert not answer.get("errors"), answer["errors"]
        return answer["data"]

    def _prepare(self):
        """Gives 100 interviews long locations; the id of one of them."""
        self.target["since"] = self.ask("{ changesCursor }")["changesCursor"]
        query = "{ interviews(first: 100, filter: {status: [PENDING, SCHEDULED]}) { nodes { id } } }"
        ids = [node["id"] for node in self.ask(query)["interviews"]["nodes"]]
        update = ("mutation($id: ID!, $location: String) { "
                  "updateInterview(id: $id, input: {location: $location}) { userErrors { message } } }")
        for interview in ids:
            self.ask(update, id=interview, location=LOCATION)
        return ids[0]

    def memory_mb(self, field):
        """`VmRSS` is the memory that is held now, `VmHWM` the highest value so far."""
        found = re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
        if not found:
            raise SystemExit("the server has ended")
        return int(found[1]) / 1024
