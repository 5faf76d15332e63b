"""A GraphQL client for the walk and the verification. The measurements use the load driver instead."""
import http.client
import json
from urllib.parse import urlsplit


class Client:
    """One keep-alive connection to a GraphQL server."""

    def __init__(self, url, headers):
        parts, self.url = urlsplit(url), url
        self.connection, self.path = http.client.HTTPConnection(parts.netloc, timeout=30), parts.path
        self.headers = {"Content-Type": "application/json", "Accept": "application/json", **headers}

    def ask(self, query, variables, path):
        """The value at `path` in the answer's data. Raises AssertionError when the answer has errors."""
        self.connection.request("POST", self.path, json.dumps({"query": query, "variables": variables}), self.headers)
        answer = json.loads(self.connection.getresponse().read())
        assert not answer.get("errors"), f"{query[:60]}…: {answer['errors']}"
        value = answer["data"]
        for step in path.split("."):
            value = value[int(step)] if step.isdigit() else value[step]
        return value
