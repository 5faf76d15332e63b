"""The attacks. Each is a loop of some clients at a time, and counts how its requests ended."""
import asyncio
import base64
import collections
import itertools
import json
import os
import time

import connection
from connection import connect, exchange, head, post, read_response

MEGABYTE = 2**20
NUMBERS = itertools.count()


def locations(count, first=100):
    fields = " ".join(f"a{number}: location" for number in range(count))
    return f"{{ interviews(first: {first}) {{ nodes {{ {fields} }} }} }}"


async def documents(target, _):
    """Valid documents that differ. Each takes more than a megabyte; some are sent with a token."""
    number = next(NUMBERS)
    kinds = [f"{{ x{number}: __typename {'__typename ' * 2900}}}",
             f"{{ x{number}: __type(name: \"{'A' * 60_000}\") {{ name }} }}",
             f"{{ x{number}: {'viewer{id}' * 1400} }}"]
    who = [None, "staff"][number % 2]
    return await exchange(target, post(target, {"query": kinds[number % 3]}, who))


async def batches(target, _):
    """Batches of a hundred thousands of operations, and variables of as many values."""
    number = next(NUMBERS)
    values = ["0,", "[],", "{},", '{"":0},', '"",'][number % 5]
    items = (values * (MEGABYTE // len(values)))[:-100].rpartition(",")[0]
    variables = f'{{"query": "{{ __typename }}", "variables": {{"a": [{items}]}}}}'
    body = [f"[{'{},' * 349_000}{{}}]", variables, variables[:300_000].rpartition(",")[0] + "]}}"][number % 3]
    return await exchange(target, post(target, body.encode()))


async def heads(target, index):
    """Heads of requests, with as many headers as the server takes: without their end, or without the body."""
    reader, writer = await connect(target)
    if index % 2:
        writer.write(head(target, "GET", "/livez", x_long="x" * 15_000)[:-4])
    else:
        writer.write(head(target, "POST", "/graphql", content_type="application/json", content_length=100,
                          x_long="x" * 15_000))
    return await wait_for_end(reader, writer, 15)


async def wait_for_end(reader, writer, seconds):
    """Reads nothing and sends nothing until the server answers or closes the connection; the status."""
    try:
        return (await asyncio.wait_for(read_response(reader), seconds))[0]
    except TimeoutError:
        return "given up"
    finally:
        writer.close()


async def bodies(target, _):
    """A body of a megabyte without its last bytes."""
    reader, writer = await connect(target)
    writer.write(head(target, "POST", "/graphql", content_type="application/json", content_length=MEGABYTE))
    writer.write(b"x" * (MEGABYTE - 500))
    return await wait_for_end(reader, writer, 15)


async def chunks(target, _):
    """A body of a million chunks of one byte, without its end."""
    reader, writer = await connect(target)
    writer.write(head(target, "POST", "/graphql", content_type="application/json", transfer_encoding="chunked"))
    for _ in range(100):
        writer.write(b"1\r\nx\r\n" * 10_000)
        await writer.drain()
    return await wait_for_end(reader, writer, 15)


async def unread(target, request):
    """Sends a request, and reads little of the response."""
    reader, writer = await connect(target, receive_buffer=4096)
    try:
        writer.write(request)
        for _ in range(3):
            if not await asyncio.wait_for(reader.read(4096), 20):
                return "closed"
            await asyncio.sleep(8)
        return "read slowly"
    finally:
        writer.transport.abort()


async def introspection(target, _):
    """Batches of introspection that nobody reads."""
    fields = " ".join(f"a{number:02}: description" for number in range(99))
    query = {"query": f"{{__schema{{types{{fields{{{fields}}}}}}}}}"}
    return await unread(target, post(target, [query] * 10))


async def files(target, _):
    """Compressed files that nobody reads."""
    return await unread(target, head(target, "GET", "/graphiql/vendor/graphiql.min.js", accept_encoding="gzip") * 20)


async def lists(target, index):
    """Lists with long texts, alone and in batches, with and without a reader."""
    count = [98, 39, 20][index % 3]
    query = {"query": locations(count)}
    request = post(target, [query] * 10 if index % 2 else query, "staff")
    if index % 4 == 3:
        return await unread(target, request)
    return await exchange(target, request)


async def values(target, _):
    """Lists that have to be merged: the executor holds each value while it reads the people."""
    people = "interviewee { driver { title } }"
    merged = f"interviews(first: 100) {{ nodes {{ version {people} }} }}"
    query = {"query": locations(35)[:-1] + merged + " }"}
    return await exchange(target, post(target, query, "staff"))


async def subscriptions(target, index):
    """Subscribers with different selections of long texts. The first client makes the changes."""
    if index == 0:
        location = f"{next(NUMBERS)} " + "x" * 1900
        update = (f"mutation {{ updateInterview(id: {target['interview']}, "
                  f"input: {{location: \"{location}\"}}) {{ userErrors {{ message }} }} }}")
        await asyncio.sleep(0.1)
        return await exchange(target, post(target, {"query": update}, "staff"))
    fields = " ".join(f"a{number}: location" for number in range(39))
    nested = f"interviewee {{ interviews(first: 100) {{ nodes {{ i{index}: id {fields} }} }} }}"
    query = f"subscription {{ interviewChanged {{ id interview {{ {nested} {fields} }} }} }}"
    reader, writer = await connect(target)
    try:
        writer.write(post(target, {"query": query}, "staff", accept="text/event-stream"))
        await reader.readuntil(b"\r\n\r\n")
        end = time.time() + 10
        while time.time() < end:
            if not await asyncio.wait_for(reader.read(2**16), 20):
                return "ended"
        return "received events"
    finally:
        writer.transport.abort()


async def missed_events(target, index):
    """Event streams that resume from before a hundred long changes, and whose clients read slowly."""
    fields = " ".join(f"a{number}: location" for number in range(30))
    changed = f"interviewChanged(since: \"{target['since']}\")"
    query = f"subscription {{ {changed} {{ changes {{ from to }} interview {{ {fields} }} }} }}"
    return await unread(target, post(target, {"query": query}, "staff", accept="text/event-stream"))


async def variables(target, index):
    """One long variable in 99 aliases."""
    ty, field = [("ID!", "interview(id: $s) { id }"), ("String", "interviews(first: 1, after: $s) { nodes { id } }")][
        index % 2]
    fields = " ".join(f"a{number}: {field}" for number in range(99))
    body = {"query": f"query($s: {ty}) {{ {fields} }}", "variables": {"s": "x" * 900_000}}
    return await exchange(target, post(target, body, "driver"))


async def mutations(target, _):
    """Mutations with long responses that nobody reads."""
    fields = " ".join(f"a{number}: location" for number in range(36))
    nested = f"interviewee {{ interviews(first: 55) {{ nodes {{ {fields} }} }} }}"
    query = (f"mutation {{ updateInterview(id: {target['interview']}, input: {{allowOverlap: false}}) "
             f"{{ interview {{ {fields.replace('a', 'b')} {nested} }} }} }}")
    return await unread(target, post(target, {"query": query}, "staff"))


async def idle(target, _):
    """Connections that have had a request and stay open."""
    opened = [await connect(target) for _ in range(100)]
    try:
        for _, writer in opened:
            writer.write(head(target, "GET", "/livez", x_long="x" * 2000))
        await asyncio.sleep(20)
        return "stayed open"
    finally:
        for _, writer in opened:
            writer.transport.abort()


async def websocket(target, who=None):
    """A WebSocket, signed in as this user."""
    key = base64.b64encode(os.urandom(16)).decode()
    reader, writer = await connect(target, receive_buffer=4096)
    writer.write(head(target, "GET", "/graphql", upgrade="websocket", connection="upgrade", sec_websocket_key=key,
                      sec_websocket_version=13, sec_websocket_protocol="graphql-transport-ws"))
    await reader.readuntil(b"\r\n\r\n")
    if who:
        token = f"Bearer {target['tokens'][who]}"
        writer.write(frame(0x81, json.dumps({"type": "connection_init", "payload": {"authorization": token}})))
    return reader, writer


async def pings(target, index):
    """WebSocket pings whose answers nobody reads, with and without a token."""
    _, writer = await websocket(target, "driver" if index % 2 else None)
    ping = bytes([0x89, 0x80 | 125]) + bytes(4) + b"x" * 125
    try:
        while True:
            writer.write(ping * 500)
            await writer.drain()
    finally:
        writer.transport.abort()


async def kept(target, _):
    """WebSockets with a hundred subscriptions, whose documents are long and differ."""
    reader, writer = await websocket(target, "driver")
    try:
        for number in range(100):
            query = f"subscription {{ interviewChanged {{ id }} }} # {next(NUMBERS):060000}"
            message = {"id": str(number), "type": "subscribe", "payload": {"query": query}}
            writer.write(frame(0x81, json.dumps(message)))
            await writer.drain()
        end = time.time() + 20
        while time.time() < end:
            if not await asyncio.wait_for(reader.read(2**16), 30):
                return "closed"
        return "stayed open"
    finally:
        writer.transport.abort()


async def messages(target, index):
    """WebSocket messages without their end: one frame, or fragments; half of them with a token."""
    reader, writer = await websocket(target, "staff" if index % 2 else None)
    try:
        whole = frame(0x81 if index % 4 < 2 else 0x01, "x" * 1_000_000)
        writer.write(whole[:-10] if index % 4 < 2 else whole)
        end = time.time() + 20
        while time.time() < end:
            if not await asyncio.wait_for(reader.read(2**16), 30):
                return "closed"
        return "given up"
    finally:
        writer.transport.abort()


def frame(first, text):
    """A frame of a client, masked with zeroes, which leave the text as it is."""
    data = text.encode()
    return bytes([first, 0x80 | 127]) + len(data).to_bytes(8, "big") + bytes(4) + data


# The attacks, with the number of clients at a time.
ALL = {"documents": 4, "batches": 10, "heads": 150, "bodies": 150, "chunks": 5, "introspection": 30, "files": 30,
       "lists": 12, "values": 40, "subscriptions": 11, "messages": 40, "missed_events": 100, "variables": 10,
       "mutations": 60, "idle": 40, "pings": 10, "kept": 20}

# The attackers leave the processors to the server: they would have some of their own.
PRIORITY = 10


async def attack(name, target, until):
    counts = collections.Counter()

    async def client(index):
        while time.time() < until:
            try:
                outcome = await asyncio.wait_for(globals()[name](target, index), max(until - time.time(), 0.1) + 1)
            except TimeoutError:
                outcome = "no answer in time"
            except (OSError, asyncio.IncompleteReadError):
                outcome = "closed"
                await asyncio.sleep(0.05)
            counts[str(outcome)] += 1

    await asyncio.gather(*(client(index) for index in range(ALL[name])))
    return dict(counts)


def run(name, target, until, results):
    os.nice(PRIORITY)
    results.put((name, asyncio.run(attack(name, target, until))))
