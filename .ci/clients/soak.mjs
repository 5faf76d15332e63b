// Many subscribers of one server on PostgreSQL: staff, drivers and admins, some with a filter, some over server-sent
// events, some whose connection breaks repeatedly, and a few that never read. Each of the others gets every event
// that it may see, once and in the order of the log; the server closes the connections of those that never read; and
// its memory does not grow.
//
//     INTERVIEWS=target/debug/interviews npm run soak
//
// SOAK_SECONDS is the duration (50; in less than 30 the server does not close the connections that are never read),
// SOAK_SUBSCRIBERS the number of subscribers (500).

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient as createEventsClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { freePort, listening, setting } from './server-process.mjs';
import { startPostgres } from './postgres.mjs';

const seconds = Number(process.env.SOAK_SECONDS ?? 50);
const subscribers = Number(process.env.SOAK_SUBSCRIBERS ?? 500);
const warmUp = seconds / 3;
const writers = 4;
const unread = 5;
/** What is not read must exceed the kernel's buffers, some 10 MiB for both sides: large responses to many changes. */
const load = { subscriptions: 20, aliases: 80, changes: 60 };
/** How long to wait at the end for events that were committed, in milliseconds, before they count as lost. */
const timeout = 60_000;
/** How much the server's memory may grow after the warm-up, in MiB. */
const allowance = 32;

const program = setting('INTERVIEWS');
const postgres = await startPostgres();
const port = await freePort();
const url = `http://127.0.0.1:${port}/graphql`;
const env = {
  DATABASE_URL: postgres.url,
  JWT_SECRET: 'a secret that is long enough for a soak',
  BIND: `127.0.0.1:${port}`,
  LOG: 'warn,interviews=info',
};
const options = { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
const interviews = (...words) => execFileSync(program, words, options).trim();
interviews('migrate', 'up');
interviews('demo-data', '--interviews', '500');
const server = spawn(program, ['serve'], { env, stdio: ['ignore', 'inherit', 'pipe'] });
const exited = once(server, 'exit');
process.on('exit', () => server.kill('SIGKILL'));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
await listening(server);

const tokens = new Map();
function authorization(user) {
  if (!tokens.has(user)) tokens.set(user, `Bearer ${interviews('token', '--sub', String(user))}`);
  return tokens.get(user);
}

async function request(user, query, variables) {
  const headers = { 'content-type': 'application/json', authorization: authorization(user) };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  return data;
}

// Users of the demo data.
const [admin, jude] = [1, 997];
const staff = [1000, 1001, 2000, 2001];
const elsewhere = 1002;
const drivers = [jude, ...Array.from({ length: 11 }, (_, n) => 1_000_000 + n)];

const EVENTS = `
  subscription ($filter: InterviewFilter, $since: ID) {
    interviewChanged(filter: $filter, since: $since) {
      id
      cursor
      type
      interview { id version status interviewee { driver { title } } }
      changes { field to }
    }
  }
`;
const LOG = `
  query ($since: ID) {
    interviewChanges(since: $since, first: 100) {
      nodes { cursor interview { interviewerId } }
      pageInfo { hasNextPage }
    }
  }
`;

async function visibleLog(user, since) {
  const nodes = [];
  for (let more = true; more; ) {
    const { interviewChanges } = await request(user, LOG, { since: nodes.at(-1)?.cursor ?? since });
    nodes.push(...interviewChanges.nodes);
    more = interviewChanges.pageInfo.hasNextPage;
  }
  return nodes;
}

const start = (await visibleLog(admin)).at(-1).cursor;
const openInterviews = async (user) => {
  const query = '{ interviews(first: 100, filter: { status: [PENDING, SCHEDULED] }) { nodes { id interviewerId } } }';
  return (await request(user, query)).interviews.nodes;
};
const ours = await openInterviews(staff[0]);
const theirs = await openInterviews(elsewhere);

// The subscribers. They filter by a field that does not change, so that the log shows at the end which events match.
const someInterviewer = ours[0].interviewerId;
const sentAt = new Map();
const delays = [];
let breaks = 0;

/** Of twenty subscribers eleven are staff, five drivers, two admins, and two staff of another company. */
function userOf(n) {
  const kind = n % 20;
  if (kind < 11) return staff[n % staff.length];
  if (kind < 16) return drivers[n % drivers.length];
  return kind < 18 ? admin : elsewhere;
}

function follow(n) {
  const user = userOf(n);
  const received = [start];
  const follower = { n, user, interviewer: n % 7 === 0 ? someInterviewer : undefined, received };
  const filter = follower.interviewer && { interviewerId: follower.interviewer };
  const operation = { query: EVENTS, variables: { filter, get since() { return received.at(-1); } } };
  const sink = {
    next({ data, errors }) {
      assert.equal(errors, undefined);
      const { cursor, changes } = data.interviewChanged;
      received.push(cursor);
      const sent = sentAt.get(changes[0]?.to);
      if (sent) delays.push(performance.now() - sent);
    },
    error(problem) {
      const reason = problem.reason ?? problem.message ?? JSON.stringify(problem);
      throw new Error(`subscriber ${n}: ${problem.code ?? ''} ${reason}`);
    },
    complete() {},
  };
  const headers = { authorization: authorization(user) };
  if (n % 25 === 1) {
    const client = createEventsClient({ url, headers, retryAttempts: 0 });
    client.subscribe(operation, sink);
    return { ...follower, end: () => client.dispose() };
  }
  const client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: headers,
    shouldRetry: ({ code }) => code !== 4403,
    retryWait: async () => {},
  });
  client.subscribe(operation, sink);
  let socket;
  client.on('opened', (opened) => (socket = opened));
  const connected = new Promise((resolve) => client.on('connected', resolve));
  const broken = n % 10 === 3 ? () => socket.terminate() : undefined;
  return { ...follower, connected, broken, end: () => client.dispose() };
}

// A connection with large responses that the client never reads.
async function openUnread() {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  const send = (message) => socket.send(JSON.stringify(message));
  await once(socket, 'open');
  send({ type: 'connection_init', payload: { authorization: authorization(staff[0]) } });
  await once(socket, 'message');
  const person = 'interviewee { updatedAt kind driver { id title image } }';
  const people = Array.from({ length: load.aliases }, (_, n) => `n${n}: ${person}`).join(' ');
  const query = `subscription { interviewChanged { interview { ${people} } } }`;
  for (let id = 0; id < load.subscriptions; id += 1) send({ id: `${id}`, type: 'subscribe', payload: { query } });
  socket.pause();
  socket.on('error', () => {}); // the server may reset the connection
  return socket;
}

let written = 0;
let writing = true;

async function write(n) {
  for (; writing; await pause(500)) {
    const [user, interview] = [
      [staff[n % staff.length], ours[Math.floor(Math.random() * ours.length)]],
      [admin, ours[Math.floor(Math.random() * ours.length)]],
      [elsewhere, theirs[Math.floor(Math.random() * theirs.length)]],
      [staff[0], { id: '27' }],
    ][n % 4];
    const location = `Room ${(written += 1)}`;
    const update = `mutation ($id: ID!, $location: String!) {
      updateInterview(id: $id, input: { location: $location }) { userErrors { code } }
    }`;
    sentAt.set(location, performance.now());
    const { updateInterview } = await request(user, update, { id: interview.id, location });
    assert.deepEqual(updateInterview.userErrors, []);
  }
}

const memory = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) / 1024;

const idle = memory();
const followers = Array.from({ length: subscribers }, (_, n) => follow(n));
await Promise.all(followers.map(({ connected }) => connected));
const unreadSockets = await Promise.all(Array.from({ length: unread }, openUnread));
const work = Array.from({ length: writers }, (_, n) => write(n));
const breaking = (async () => {
  const breakable = followers.filter(({ broken }) => broken);
  for (let n = 0; writing; n += 1, await pause(500)) {
    breakable[n % breakable.length].broken();
    breaks += 1;
  }
})();

await pause(warmUp * 1000);
const warm = memory();
let most = warm;
const end = performance.now() + (seconds - warmUp) * 1000;
for (; performance.now() < end || written < load.changes; await pause(250)) {
  most = Math.max(most, memory());
}
writing = false;
await Promise.all([...work, breaking]);

// What each subscriber must have received: the log as its user sees it, through its filter.
const logs = new Map();
for (const { user } of followers) if (!logs.has(user)) logs.set(user, await visibleLog(user, start));
let deliveries = 0;
for (const { n, user, interviewer, received } of followers) {
  const matching = logs.get(user).filter(({ interview }) => !interviewer || interview.interviewerId === interviewer);
  const expected = matching.map(({ cursor }) => cursor);
  const deadline = performance.now() + timeout;
  while (received.length <= expected.length && performance.now() < deadline) await pause(20);
  assert.deepEqual(received.slice(1), expected, `subscriber ${n}, user ${user}`);
  deliveries += expected.length;
}
const last = memory();
assert.equal(logs.get(admin).length, written);
assert.ok(logs.get(jude).length > 0 && logs.get(jude).length < written);
const measured = `${warm} MiB after the warm-up, ${most} at most, ${last} at the end`;
assert.ok(Math.max(most, last) < warm + allowance, `the server's memory grows: ${measured}`);

// The server has closed the connections that were never read.
for (const socket of unreadSockets) {
  const closed = once(socket, 'close');
  socket.resume();
  const [code] = await Promise.race([closed, pause(timeout, ['open'], { ref: false })]);
  assert.ok([1006, 1013].includes(code), `a connection that was never read: ${code}`);
}
await Promise.all(followers.map(({ end }) => end()));
server.kill('SIGTERM');
assert.deepEqual(await exited, [0, null]);
await postgres.stop();

delays.sort((a, b) => a - b);
const percentile = (share) => `${delays[Math.floor(delays.length * share)].toFixed(0)} ms`;
const mib = (amount) => `${amount.toFixed(0)} MiB`;
console.log(
  `${subscribers} subscribers, ${written} changes, ${deliveries} deliveries, each once and in order, ` +
    `with ${breaks} broken connections; ` +
    `from request to delivery p50 ${percentile(0.5)}, p99 ${percentile(0.99)}; ` +
    `memory ${mib(idle)} idle, ${mib(warm)} warm, ${mib(most)} at most, ${mib(last)} at the end`,
);
