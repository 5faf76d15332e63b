// Two servers on PostgreSQL behind a proxy that runs the configuration of examples/, with other addresses: a steady
// load of queries and changes, and subscribers over WebSocket and as server-sent events that resume. Meanwhile both
// servers are restarted one after the other, each is killed, and one is frozen. No request fails, the proxy answers no
// request with an error during the restarts, each change is made once, and each subscriber gets each event once and in
// order.
//
//     INTERVIEWS=target/debug/interviews node proxies.mjs nginx

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { guideClients } from './guide-clients.mjs';
import { patientRequest } from './patient-request.mjs';
import { startPostgres } from './postgres.mjs';
import { startProxy } from './proxy-process.mjs';
import { freePort, listening, setting } from './server-process.mjs';

const proxyName = process.argv[2];
/** Requests in a second, and the part of them that are changes. */
const [rate, changes] = [20, 0.4];
const subscribers = { webSocket: 20, events: 4 };
const frozenSeconds = 20;
/** How long to wait at the end for events that were committed, in milliseconds. */
const timeout = 60_000;

const program = setting('INTERVIEWS');
/** As in the examples, which the documents explain. */
const drain = /SHUTDOWN_DELAY: (\S+)/.exec(readFileSync(new URL('../../examples/compose.yaml', import.meta.url)))[1];
const postgres = await startPostgres();
const ports = [await freePort(), await freePort()];
const env = {
  DATABASE_URL: postgres.url,
  JWT_SECRET: 'a secret that is long enough for a test',
  LOG: 'warn,interviews=info',
  SHUTDOWN_DELAY: drain,
};
const options = { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
const interviews = (...words) => execFileSync(program, words, options).trim();
interviews('migrate', 'up');
interviews('demo-data', '--interviews', '200');
const token = interviews('token', '--sub', '1000');

const processes = new Set();
process.on('exit', () => processes.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

async function startServer(port) {
  const server = spawn(program, ['serve'], {
    env: { ...env, BIND: `127.0.0.1:${port}` },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  processes.add(server);
  server.exited = once(server, 'exit').finally(() => processes.delete(server));
  await listening(server);
  return server;
}

const servers = await Promise.all(ports.map(startServer));
const proxy = await startProxy(proxyName, ports);
processes.add(proxy.process);
const url = `${proxy.url}/graphql`;
const { request, problems } = patientRequest(url, token);

const LOG = `query ($since: ID!) {
  interviewChanges(since: $since, first: 100) {
    nodes { cursor changes { field to } }
    pageInfo { hasNextPage endCursor }
  }
}`;

async function eventsAfter(since) {
  const nodes = [];
  for (let more = true; more; ) {
    const { interviewChanges } = await request({ query: LOG, variables: { since } });
    nodes.push(...interviewChanges.nodes);
    since = interviewChanges.pageInfo.endCursor ?? since;
    more = interviewChanges.pageInfo.hasNextPage;
  }
  return nodes;
}

const query = `{
  changesCursor
  interviews(first: 60, filter: { status: [PENDING, SCHEDULED] }) { nodes { id version } }
}`;
const { changesCursor: start, interviews: open } = await request({ query });

// The clients of the guide.
const { overWebSocket, asEvents } = await guideClients();
const followers = [];
for (const [kind, count] of [[overWebSocket, subscribers.webSocket], [asEvents, subscribers.events]]) {
  for (let n = 0; n < count; n += 1) {
    const received = [start];
    const client = await kind.run({
      url,
      since: start,
      token: async () => token,
      show: ({ cursor }) => received.push(cursor),
      refresh: () => assert.fail('the cursor has not expired'),
      report: (problem) => assert.fail(`a subscriber gives up: ${problem?.message ?? JSON.stringify(problem)}`),
    });
    followers.push({ name: `${kind.name} ${n}`, received, client });
  }
}

// The load. Each interview is changed by one request at a time, whose client knows the version.
const idle = open.nodes.map(({ id, version }) => ({ id, version }));
const UPDATE = `mutation ($id: ID!, $version: Int!, $location: String!) {
  updateInterview(id: $id, input: { location: $location }, expectedVersion: $version) {
    interview { version location }
    userErrors { code ... on StaleVersionError { current { version location } } }
  }
}`;
const written = [];
let slowest = 0;
let answered = 0;

async function change(interview) {
  const location = `Room ${written.length}`;
  written.push(location);
  const variables = { ...interview, location };
  const { updateInterview } = await request({ query: UPDATE, variables });
  const [error] = updateInterview.userErrors;
  // The first attempt was made, though nobody answered.
  const made = error?.code === 'STALE_VERSION' ? error.current : updateInterview.interview;
  assert.deepEqual(made, { version: interview.version + 1, location }, JSON.stringify(error));
  interview.version += 1;
  idle.push(interview);
}

const read = () => request({ query: '{ interviews(first: 5) { nodes { id status } } viewer { role } }' });

let loading = true;
const inFlight = new Set();
const load = (async () => {
  for (let n = 0; loading; n += 1) {
    const interview = n % 10 < changes * 10 ? idle.shift() : undefined;
    const began = performance.now();
    const one = (interview ? change(interview) : read()).then(() => {
      answered += 1;
      slowest = Math.max(slowest, performance.now() - began);
      inFlight.delete(one);
    });
    inFlight.add(one);
    await pause(1000 / rate);
  }
})();

const summary = [];
/** Runs a scenario and counts the answers that the clients had to ask for again. */
async function during(what, scenario) {
  const [before, requests] = [problems.length, answered];
  await scenario();
  const repeated = problems.slice(before);
  summary.push(`${what}: ${answered - requests} requests answered, ${repeated.length} of them after a repetition`);
  return repeated;
}

const steady = () => pause(2000);
const restart = async (n) => {
  servers[n] = await startServer(ports[n]);
  await steady();
};

const failures = await during('rolling restart', async () => {
  await steady();
  for (const n of [0, 1]) {
    const { exited } = servers[n];
    servers[n].kill('SIGTERM');
    assert.deepEqual(await exited, [0, null], 'no request is cut');
    await restart(n);
  }
});
assert.deepEqual(failures, [], 'a rolling restart fails no request');

await during('kill -9 of each server', async () => {
  for (const n of [0, 1]) {
    const { exited } = servers[n];
    servers[n].kill('SIGKILL');
    await exited;
    await steady();
    await restart(n);
  }
});

await during(`${frozenSeconds} s of SIGSTOP of one server`, async () => {
  servers[0].kill('SIGSTOP');
  await pause(frozenSeconds * 1000);
  servers[0].kill('SIGCONT');
  await pause(5000);
});

loading = false;
await load;
await Promise.all(inFlight);

const logged = await eventsAfter(start);
const locations = logged.flatMap(({ changes }) => changes).filter(({ field }) => field === 'location');
assert.deepEqual(locations.map(({ to }) => to).sort(), [...written].sort(), 'each change was made once');
const expected = [start, ...logged.map(({ cursor }) => cursor)];
for (const { name, received } of followers) {
  const deadline = performance.now() + timeout;
  while (received.length < expected.length && performance.now() < deadline) await pause(20);
  assert.deepEqual(received, expected, name);
}

await Promise.all(followers.map(({ client }) => client.dispose()));
await Promise.all([...processes].map(async (child) => {
  const exited = child.exited ?? once(child, 'exit');
  child.kill('SIGINT');
  await exited;
}));
await proxy.remove();
await postgres.stop();
console.log(
  `${proxyName}: ${answered} requests, none failed, the slowest after ${(slowest / 1000).toFixed(1)} s; ` +
    `${written.length} changes, each made once; ` +
    `${followers.length} subscribers got ${logged.length} events, each once and in order\n  ${summary.join('\n  ')}`,
);
process.exit(0);
