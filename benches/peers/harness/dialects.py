"""The queries of the three workloads, in the dialect of each GraphQL server.

W1 lists 50 interviews after a random cursor, W2 reads one interview, W3 moves one; each with the nested people.
"""
import re
from dataclasses import dataclass, field, replace
from typing import Callable

PAGE = 50
SCALARS = "kind status startAt endAt amendStartAt amendEndAt amendedBy location createdAt updatedAt"


def interview_fields(id="id"):
    return (f"{id} {SCALARS} interviewee {{ {id} kind updatedAt driver {{ {id} title image phoneNumber }} }} "
            f"interviewer {{ {id} title image contactPhoneNumber }}")


@dataclass(frozen=True)
class Dialect:
    """Queries, the variables that they take, and the path to the answer in `data`."""
    list_query: str
    list_path: str
    list_variables: Callable  # of a cursor
    one_query: str
    one_path: str
    one_variables: Callable  # of an id
    update_query: str = ""  # empty when the server cannot answer an update with the nested objects
    update_path: str = ""
    update_variables: Callable = None  # of an id and the changed fields
    update_expected: dict = field(default_factory=dict)  # texts in a good answer to an update, with their counts
    lists_by_id: bool = False  # in place of start and id, which is easier


CONTRACT = Dialect(
    f"query List($after: String) {{ interviews(first: {PAGE}, after: $after) {{ nodes {{ {interview_fields()} }} }} }}",
    "interviews", lambda cursor: {"after": cursor},
    f"query One($id: ID!) {{ interview(id: $id) {{ {interview_fields()} }} }}", "interview", lambda id: {"id": id},
    "mutation Move($id: ID!, $input: UpdateInterviewInput!) { updateInterview(id: $id, input: $input) "
    f"{{ interview {{ {interview_fields()} }} userErrors {{ code message }} }} }}",
    "updateInterview.interview", lambda id, change: {"id": id, "input": change}, {'"userErrors":[]': 1})

# The location of a W3 is another one in every request.
KEYED = replace(
    CONTRACT,
    update_query="mutation Move($id: ID!, $start: DateTime!, $end: DateTime!, $place: String!) { "
    "updateInterview(id: $id, input: { startAt: $start, endAt: $end, location: $place }, idempotencyKey: $place) "
    f"{{ interview {{ {interview_fields()} }} replayed userErrors {{ code message }} }} }}",
    update_variables=lambda id, change: {
        "id": id, "start": change["startAt"], "end": change["endAt"], "place": change["location"]},
    update_expected=CONTRACT.update_expected | {'"replayed":false': 1})

ROW_ID = interview_fields("id: rowId")
POSTGRAPHILE = Dialect(
    f"query List($after: Cursor) {{ interviews(first: {PAGE}, after: $after, orderBy: [START_AT_ASC]) "
    f"{{ nodes {{ {ROW_ID} }} }} }}",
    "interviews", lambda cursor: {"after": cursor},
    f"query One($id: BigInt!) {{ interview(rowId: $id) {{ {ROW_ID} }} }}", "interview", lambda id: {"id": id},
    f"mutation Move($input: UpdateInterviewInput!) {{ updateInterview(input: $input) {{ interview {{ {ROW_ID} }} }} }}",
    "updateInterview.interview", lambda id, change: {"input": {"rowId": id, "patch": change}})

PLURAL = re.sub(r"(interviewee|driver|interviewer) {", r"\1: \1s {", interview_fields())  # relations are named by table
SEAOGRAPHY = Dialect(
    f"query List($pagination: PaginationInput) {{ interviews(pagination: $pagination) {{ nodes {{ {PLURAL} }} }} }}",
    "interviews", lambda cursor: {"pagination": {"cursor": {"limit": PAGE, "cursor": cursor}}},
    f"query One($id: Int!) {{ interviews(filters: {{id: {{eq: $id}}}}) {{ nodes {{ {PLURAL} }} }} }}",
    "interviews.nodes.0", lambda id: {"id": int(id)}, lists_by_id=True)
