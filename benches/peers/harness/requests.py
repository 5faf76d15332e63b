"""The requests of the three workloads, made from a walk through the server's list."""
import datetime
import json
import random
from dataclasses import dataclass, field

from harness.dialects import PAGE, interview_fields

WALK_PAGES = 2000
NONCE = "%%NONCE%"  # the load driver replaces it by random characters in every request
MOVES = (0, 5, 10)  # minutes from the original start: a move never reaches the same person's next interview


@dataclass
class Catalog:
    """What a walk through the list has found."""
    cursors: list = field(default_factory=list)  # each has a full page after it
    interviews: list = field(default_factory=list)  # (id, status, start, end)
    samples: list = field(default_factory=list)  # (cursor, the whole page after it)

    def open_interviews(self):
        return [interview for interview in self.interviews if interview[1] in ("PENDING", "SCHEDULED")]


def parse_time(text):
    """RFC 3339, or the format of Seaography: `2026-03-01 00:06:00 UTC`."""
    return datetime.datetime.fromisoformat(text.replace(" UTC", "Z")).astimezone(datetime.timezone.utc)


def format_time(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def walk(client, dialect, max_pages=WALK_PAGES, brief=False):
    """Follows the list from its start, as clients do: cursors are opaque. `brief` selects only what a Catalog needs."""
    catalog, cursor = Catalog(), None
    query = dialect.list_query.replace("nodes", "pageInfo { endCursor } nodes", 1)
    if brief:
        query = query.replace(interview_fields(), "id status startAt endAt")
    for number in range(max_pages):
        page = client.ask(query, dialect.list_variables(cursor), dialect.list_path)
        nodes = page["nodes"]
        if len(nodes) == PAGE and cursor is not None:
            catalog.cursors.append(cursor)
            if number % 20 == 1:
                catalog.samples.append((cursor, nodes))
        catalog.interviews += [(node["id"], node["status"].upper(), node["startAt"], node["endAt"]) for node in nodes]
        if len(nodes) < PAGE:
            break
        cursor = page["pageInfo"]["endCursor"]
    return catalog


def move(interview, minutes, place=NONCE):
    """The changed fields of a W3: a new location, and the times `minutes` after those that the walk found."""
    _, _, start, end = interview
    by = datetime.timedelta(minutes=minutes)
    start_at, end_at = format_time(parse_time(start) + by), format_time(parse_time(end) + by)
    return {"location": f"bench {place}", "startAt": start_at, "endAt": end_at}


def bodies(dialect, workload, catalog, count=20_000):
    """Request bodies, the same at every run with the same data."""
    chance = random.Random(workload)
    if workload == "W1":
        requests = [(dialect.list_query, dialect.list_variables(cursor)) for cursor in catalog.cursors]
    elif workload == "W2":
        ids = [interview[0] for interview in chance.choices(catalog.interviews, k=count)]
        requests = [(dialect.one_query, dialect.one_variables(id)) for id in ids]
    else:
        moved = [(it[0], move(it, chance.choice(MOVES))) for it in chance.choices(catalog.open_interviews(), k=count)]
        requests = [(dialect.update_query, dialect.update_variables(*it)) for it in moved]
    compact = json.JSONEncoder(separators=(",", ":"))
    return [compact.encode({"query": query, "variables": variables}) for query, variables in requests]
