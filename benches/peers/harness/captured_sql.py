"""Reads the statements of the server under test from PostgreSQL's log, and makes pgbench scripts of them.

The harness has no copy of these statements, so a script cannot differ from what the server sends.
"""
import re
from collections import Counter
from dataclasses import dataclass

from harness.requests import move

# The server and libpq read this variable: such a session logs every statement, with its parameters, before it runs.
LOGGING = {"PGOPTIONS": "-c log_statement=all"}

LINES = r"(.*(?:\n\t.*)*)"  # PostgreSQL indents the second and further lines of an entry by a tab
PREPARED = re.compile(rf"LOG:  execute [^:]*: {LINES}(?:\n.*DETAIL:  parameters: {LINES})?")
SIMPLE = re.compile(rf"LOG:  statement: {LINES}")
PARAMETER = re.compile(r"\$(\d+) = (?:'((?:[^']|'')*)'|NULL)")

SELECTED = re.compile(r'(?:(?<=^SELECT )|(?<=, ))"(\w+)"\."(\w+)"(?=,|$)')
COLUMN = re.compile(r'"?(\w+)"? = \$(\d+)')  # compared or assigned
COMPARED = re.compile(r'\b(?:WHERE|AND) (?:"?\w+"?\.)?"?(\w+)"? = \$(\d+)')

# What an update assigns to these columns. The script's first statement has read the interview into `interviews_COLUMN`.
ASSIGNED = {
    "location": "('bench ' || :place::text)",
    "start_at": "(:interviews_start_at::timestamptz + :minutes * interval '1 minute')",
    "end_at": "(:interviews_end_at::timestamptz + :minutes * interval '1 minute')",
    "version": "(:interviews_version + 1)",
}


@dataclass
class Execution:
    """One execution of a prepared statement. A parameter that is NULL has no value in `parameters`."""
    sql: str
    parameters: dict


@dataclass
class Sample:
    """An update of one interview, as PostgreSQL saw it."""
    id: str
    executions: list

    def texts(self):
        return tuple(execution.sql for execution in self.executions)


class StatementLog:
    """The part of the cluster's log that was written since the last look at it."""

    def __init__(self, cluster):
        self.path, self.position = cluster.log, cluster.log.stat().st_size

    def read(self):
        with open(self.path, encoding="utf-8") as file:
            file.seek(self.position)
            text = file.read()
            self.position = file.tell()
        return text

    def executions(self):
        found = []
        for sql, detail in PREPARED.findall(self.read()):
            given = [match for match in PARAMETER.finditer(detail) if match[2] is not None]
            found.append(Execution(sql, {int(match[1]): match[2].replace("''", "'") for match in given}))
        return found

    def session_settings(self):
        """What the server sends first on a new connection."""
        return sorted({sql for sql in SIMPLE.findall(self.read()) if sql.startswith("SET ")})


def capture(server, log, name, interviews, minutes):
    """Moves each interview. Leaves out updates with other statements than most: a few look up the user, too."""
    client, dialect, samples = server.client(), server.dialect, []
    for number, interview in enumerate(interviews):
        log.read()
        change = move(interview, minutes, place=f"{name} {number}")
        client.ask(dialect.update_query, dialect.update_variables(interview[0], change), dialect.update_path)
        samples.append(Sample(interview[0], log.executions()))
    (usual, _), = Counter(sample.texts() for sample in samples).most_common(1)
    assert usual, "PostgreSQL's log shows no statement of an update"
    return [sample for sample in samples if sample.texts() == usual]


class Statement:
    """A statement of an update, with what its parameters were in every sample."""

    def __init__(self, samples, index):
        executions = [sample.executions[index] for sample in samples]
        self.sql, self.is_first, self.ids = executions[0].sql, index == 0, [sample.id for sample in samples]
        numbers = {int(number) for number in re.findall(r"\$(\d+)", self.sql)}
        self.values = {number: [it.parameters.get(number) for it in executions] for number in numbers}
        self.columns = {int(number): column for column, number in COLUMN.findall(self.sql)}
        self.compared = {int(number) for _, number in COMPARED.findall(self.sql)}

    def value(self, number):
        """The SQL expression that stands for a parameter in the script; None when any sample's value will do."""
        values, column = self.values[number], self.columns.get(number)
        if set(values) == {None}:
            return "NULL"
        if values == self.ids:
            return ":id"
        if number in self.compared:
            return None if self.is_first else f":interviews_{column}"
        if column:
            return ASSIGNED.get(column, f":interviews_{column}")
        return None if len(set(values)) == 1 else self.distance_to_column(number)

    def distance_to_column(self, number):
        """An advisory lock on a person is that person's id plus a constant."""
        for other, column in self.columns.items():
            try:
                distances = {int(own) - int(its) for own, its in zip(self.values[number], self.values[other])}
            except (TypeError, ValueError):  # one of them is no number
                continue
            if len(distances) == 1:
                return f"(:interviews_{column} + {distances.pop()})"
        return None

    def as_pgbench(self, prefix):
        """The statement with pgbench's variables in place of parameters, and the variables with a constant value."""
        constants = {}

        def replace(match):
            number = int(match[1])
            if value := self.value(number):
                return value
            constants[f"{prefix}_{number}"] = self.values[number][0]
            return f":{prefix}_{number}"

        return re.sub(r"\$(\d+)", replace, self.sql), constants


def pgbench_script(name, samples, settings, choose_id, minutes):
    """The text of a script that sends the samples' statements for other interviews, and its constant variables.

    `settings` run once a session, while `fresh` is 1. The expression `minutes` may use what the first statement read.
    """
    lines = [r"\if :fresh", *(f"{sql};" for sql in settings), r"\set fresh 0", r"\endif"]
    lines += [rf"\set id {choose_id}", r"\set place random(1, 1000000)"]
    constants, last = {}, len(samples[0].executions) - 1
    for index in range(last + 1):
        sql, own = Statement(samples, index).as_pgbench(f"{name}_{index}")
        constants |= own
        if index < last:
            head, rest = sql.split(" FROM ", 1)
            sql = SELECTED.sub(r"\g<0> AS \1_\2", head) + f" FROM {rest} " + r"\gset"
        lines.append(sql if index < last else f"{sql};")
        if index == 0:
            lines.append(rf"\set minutes {minutes}")
    return "\n".join(lines) + "\n", constants
