"""Proves that a server answers the workloads correctly before it is measured. Raises AssertionError otherwise."""
import random

from harness.client import Client
from harness.dialects import SCALARS
from harness.requests import MOVES, move, parse_time

TIMES = {"startAt", "endAt", "amendStartAt", "amendEndAt", "createdAt", "updatedAt"}


def normal(node, name=""):
    """A form that can be compared: servers write the same time and the same id differently."""
    if isinstance(node, dict):
        return {key: normal(value, key) for key, value in node.items()}
    if name in TIMES and node:
        time = parse_time(node)
        return time.replace(microsecond=time.microsecond // 1000 * 1000)  # some servers cut times to milliseconds
    return str(node) if name == "id" else node


def verify(client, dialect, catalog, truth=None):
    """`truth` gives the stored interviews for a list of ids, read from the tables and not through the server."""
    if "Authorization" in client.headers:
        verify_refusal(client, dialect)
    ids = [int(interview[0]) for interview in catalog.interviews]
    assert len(set(ids)) == len(ids), "the walk found an interview twice"
    order = ids if dialect.lists_by_id else [(parse_time(it[2]), int(it[0])) for it in catalog.interviews]
    assert order == sorted(order), "the list is out of order"
    for cursor, nodes in catalog.samples:
        again = client.ask(dialect.list_query, dialect.list_variables(cursor), dialect.list_path)["nodes"]
        assert again == nodes, "the page after a cursor differs from the walk's"
        if truth:
            stored = truth([node["id"] for node in nodes])
            assert [normal(node) for node in nodes] == stored, "the list differs from the tables"
    for node in (node for _, nodes in catalog.samples for node in nodes[:3]):
        assert set(node) == {"id", "interviewee", "interviewer", *SCALARS.split()}, f"fields {sorted(node)}"
        assert node["interviewee"]["driver"]["id"] and node["interviewer"]["id"], "a nested object is missing"
        one = client.ask(dialect.one_query, dialect.one_variables(node["id"]), dialect.one_path)
        assert one == node, "W2 differs from W1"
    if dialect.update_query:
        chance = random.Random(2)
        for interview in chance.sample(catalog.open_interviews(), 100):
            change = move(interview, chance.choice(MOVES), place=interview[0])
            verify_update(client, dialect, interview[0], change, truth)


def verify_refusal(client, dialect):
    """A server that does not check tokens would be measured as too fast."""
    without_token = Client(client.url, {})
    try:
        without_token.ask(dialect.list_query, dialect.list_variables(None), dialect.list_path)
    except AssertionError:
        return
    raise AssertionError("the list is answered without a token")


def verify_update(client, dialect, id, change, truth):
    def read():
        return client.ask(dialect.one_query, dialect.one_variables(id), dialect.one_path)

    before = read()
    answer = client.ask(dialect.update_query, dialect.update_variables(id, change), dialect.update_path)
    assert answer is not None, f"the update of {id} was refused"
    for name, value in change.items():
        assert normal(answer[name], name) == normal(value, name), f"{name} is {answer[name]} and not {value}"
    untouched = set(before) - set(change) - {"status", "updatedAt"}
    assert all(answer[name] == before[name] for name in untouched), "the update changed another field"
    assert read() == answer, "the update's answer differs from what is stored"
    if truth:
        assert [normal(answer)] == truth([id]), "the update's answer differs from the tables"
