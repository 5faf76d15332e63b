"""The other clients: users who ask for what a frontend shows, one request after the other, and expect an answer."""
import asyncio
import json
import time

import connection

PEOPLE = "interviewee { driver { title phoneNumber } } interviewer { title contactPhoneNumber }"
FIELDS = f"id kind status startAt endAt version {PEOPLE}"
QUERIES = [
    f"{{ interviews(first: 20) {{ nodes {{ {FIELDS} }} pageInfo {{ endCursor hasNextPage }} }} }}",
    "{ viewer { title role } }",
    f"{{ interviews(first: 1) {{ nodes {{ {FIELDS} }} }} }}",
]
WHO = ["other_staff", "other_driver", "other_staff", "other_driver"]
PAUSE = 0.01  # seconds between two requests of a client


async def client(target, who, until, latencies, failures):
    reader = writer = None
    number = 0
    while time.time() < until:
        request = connection.post(target, {"query": QUERIES[number % len(QUERIES)]}, who)
        number += 1
        begun = time.perf_counter()
        try:
            if writer is None:
                reader, writer = await connection.connect(target)
            writer.write(request)
            status, body = await asyncio.wait_for(connection.read_response(reader), 30)
            if status != 200 or "errors" in json.loads(body):
                failures.append(f"{status} {body[:200]!r}")
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            failures.append(repr(error))
            writer = None
        latencies.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(PAUSE)
    if writer:
        writer.close()


async def measure(target, until):
    latencies, failures = [], []
    await asyncio.gather(*(client(target, who, until, latencies, failures) for who in WHO))
    latencies.sort()
    at = lambda share: latencies[min(int(len(latencies) * share), len(latencies) - 1)] if latencies else 0
    for failure in failures[:5]:
        print("a request of another client failed:", failure)
    return {"requests": len(latencies), "failures": len(failures), "p50": at(0.5), "p99": at(0.99), "max": at(1)}


def run(target, until, results):
    results.put(("clients", asyncio.run(measure(target, until))))
