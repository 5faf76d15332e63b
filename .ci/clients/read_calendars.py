"""Reads iCalendar files with three libraries of PyPI: JSON on standard input, a list of texts. Prints what each library
reads: for each text, a list of its entries."""

import json
import sys

import ics
import icalendar
import vobject

PROPERTIES = ["uid", "sequence", "status", "summary", "description", "location", "url"]


def time(value):
    assert value.utcoffset().total_seconds() == 0, value
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def entry(start, end, value):
    """An entry, whose values are texts; a property that it has not is null."""
    values = {name: value(name) for name in PROPERTIES}
    texts = {name: None if value is None else str(value) for name, value in values.items()}
    return {"start": time(start), "end": time(end), **texts}


def by_icalendar(text):
    calendar = icalendar.Calendar.from_ical(text)
    assert not calendar.errors, calendar.errors
    return [entry(event["DTSTART"].dt, event["DTEND"].dt, event.get) for event in calendar.walk("VEVENT")]


def by_vobject(text):
    def read(event):
        value = lambda name: getattr(event, name).value if hasattr(event, name) else None
        return entry(event.dtstart.value, event.dtend.value, value)

    calendar = vobject.readOne(text)
    return [read(event) for event in getattr(calendar, "vevent_list", [])]


def by_ics(text):
    def read(event):
        def value(name):
            if name == "sequence":
                return next(line.value for line in event.extra if line.name == "SEQUENCE")
            return getattr(event, "name" if name == "summary" else name)

        return entry(event.begin.datetime, event.end.datetime, value)

    return [read(event) for event in ics.Calendar(text).events]


readers = {"icalendar": by_icalendar, "vobject": by_vobject, "ics": by_ics}
texts = json.load(sys.stdin)
json.dump({name: [read(text) for text in texts] for name, read in readers.items()}, sys.stdout)
