// Many subscribers for a while, on PostgreSQL: staff, drivers and admins, some with a filter, some over server-sent events, some whose
// connection breaks again and again, and a few who never read. Each of the others gets each event they may see once and in order, as the
// log has it in the end; and the server's memory does not grow.
//
//     INTERVIEWS=target/debug/interviews npm run soak
//
// SOAK_SECONDS says for how long (50; less than 30 is too little for those who never read to be cut off), SOAK_SUBSCRIBERS how many (500).

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient as createEventsClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { freePort, listening, setting } from './own-server.mjs';
import { startPostgres } from './postgres.mjs';

const seconds = Number(process.env.SOAK_SECONDS ?? 50);
const subscribers = Number(process.env.SOAK_SUBSCRIBERS ?? 500);
const warmUp = seconds / 3;
const writers = 4;
const stuck = 5;
/** What is not read has to be more than the kernel keeps for either side, some 10 MiB: many answers, large ones, to enough changes. */
const burden = { subscriptions: 20, aliases: 80, changes: 60 };
/** How long what was written may be on its way in the end before it counts as lost. */
const patience = 60_000;
/** How much more memory the server may have in the end than after the warm-up, in MiB. */
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
const interviews = (...words) => execFileSync(program, words, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
interviews('migrate', 'up');
interviews('demo-data', '--interviews', '500');
const server = spawn(program, ['serve'], { env, stdio: ['ignore', 'inherit', 'pipe'] });
const ended = once(server, 'exit');
process.on('exit', () => server.kill('SIGKILL'));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
await listening(server);

const tokens = new Map();
function authorization(user) {
  if (!tokens.has(user)) tokens.set(user, `Bearer ${interviews('token', '--sub', String(user))}`);
  return tokens.get(user);
}

async function ask(user, query, variables) {
  const headers = { 'content-type': 'application/json', authorization: authorization(user) };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  return data;
}

// The people of the demo data.
const [admin, jude] = [1, 997];
const staff = [1000, 1001, 2000, 2001];
const elsewhere = 1002;
const drivers = [jude, ...Array.from({ length: 11 }, (_, n) => 1_000_000 + n)];

const EVENTS = `
  subscription ($filter: InterviewFilter, $since: ID) {
    interviewChanged(filter: $filter, since: $since) {
      id
      type
      interview { id version status interviewee { driver { title } } }
      changes { field to }
    }
  }
`;
const LOG = `
  query ($since: ID) {
    interviewChanges(since: $since, first: 100) {
      nodes { id interview { interviewerId } }
      pageInfo { hasNextPage }
    }
  }
`;

async function logOf(user, since) {
  const nodes = [];
  for (let more = true; more; ) {
    const { interviewChanges } = await ask(user, LOG, { since: nodes.at(-1)?.id ?? since });
    nodes.push(...interviewChanges.nodes);
    more = interviewChanges.pageInfo.hasNextPage;
  }
  return nodes;
}

const start = (await logOf(admin)).at(-1).id;
const openInterviews = async (user) => {
  const query = '{ interviews(first: 100, filter: { status: [PENDING, SCHEDULED] }) { nodes { id interviewerId } } }';
  return (await ask(user, query)).interviews.nodes;
};
const ours = await openInterviews(staff[0]);
const theirs = await openInterviews(elsewhere);

// Who follows, and what. Filters are by what nobody changes, so that the log can tell in the end what they have let through.
const someInterviewer = ours[0].interviewerId;
const sentAt = new Map();
const delays = [];
let breaks = 0;

function follow(n) {
  const kind = n % 20;
  const user = kind < 11 ? staff[n % staff.length] : kind < 16 ? drivers[n % drivers.length] : kind < 18 ? admin : elsewhere;
  const received = [start];
  const follower = { n, user, interviewer: n % 7 === 0 ? someInterviewer : undefined, received };
  const filter = follower.interviewer && { interviewerId: follower.interviewer };
  const request = { query: EVENTS, variables: { filter, get since() { return received.at(-1); } } };
  const sink = {
    next({ data, errors }) {
      assert.equal(errors, undefined);
      const { id, changes } = data.interviewChanged;
      received.push(id);
      const sent = sentAt.get(changes[0]?.to);
      if (sent) delays.push(performance.now() - sent);
    },
    error(problem) {
      throw new Error(`subscriber ${n}: ${problem.code ?? ''} ${problem.reason ?? problem.message ?? JSON.stringify(problem)}`);
    },
    complete() {},
  };
  const headers = { authorization: authorization(user) };
  if (n % 25 === 1) {
    const client = createEventsClient({ url, headers, retryAttempts: 0 });
    client.subscribe(request, sink);
    return { ...follower, end: () => client.dispose() };
  }
  const client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: headers,
    shouldRetry: ({ code }) => code !== 4403,
    retryWait: async () => {},
  });
  client.subscribe(request, sink);
  let socket;
  client.on('opened', (opened) => (socket = opened));
  const connected = new Promise((resolve) => client.on('connected', resolve));
  const broken = n % 10 === 3 ? () => socket.terminate() : undefined;
  return { ...follower, connected, broken, end: () => client.dispose() };
}

// One who has much to hear, and never listens.
async function beStuck() {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  const say = (message) => socket.send(JSON.stringify(message));
  await once(socket, 'open');
  say({ type: 'connection_init', payload: { authorization: authorization(staff[0]) } });
  await once(socket, 'message');
  const much = Array.from({ length: burden.aliases }, (_, n) => `n${n}: interviewee { updatedAt kind driver { id title image } }`).join(' ');
  const query = `subscription { interviewChanged { interview { ${much} } } }`;
  for (let id = 0; id < burden.subscriptions; id += 1) say({ id: `${id}`, type: 'subscribe', payload: { query } });
  socket.pause();
  socket.on('error', () => {}); // it may well be reset
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
    const { updateInterview } = await ask(user, update, { id: interview.id, location });
    assert.deepEqual(updateInterview.userErrors, []);
  }
}

const memory = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) / 1024;

const idle = memory();
const followers = Array.from({ length: subscribers }, (_, n) => follow(n));
await Promise.all(followers.map(({ connected }) => connected));
const deaf = await Promise.all(Array.from({ length: stuck }, beStuck));
const work = Array.from({ length: writers }, (_, n) => write(n));
const breaking = (async () => {
  const those = followers.filter(({ broken }) => broken);
  for (let n = 0; writing; n += 1, await pause(500)) {
    those[n % those.length].broken();
    breaks += 1;
  }
})();

await pause(warmUp * 1000);
const warm = memory();
let most = warm;
for (const end = performance.now() + (seconds - warmUp) * 1000; performance.now() < end || written < burden.changes; await pause(250)) {
  most = Math.max(most, memory());
}
writing = false;
await Promise.all([...work, breaking]);

// What each has to have: the log as they see it, through their filter.
const logs = new Map();
for (const { user } of followers) if (!logs.has(user)) logs.set(user, await logOf(user, start));
let deliveries = 0;
for (const { n, user, interviewer, received } of followers) {
  const expected = logs.get(user).filter(({ interview }) => !interviewer || interview.interviewerId === interviewer).map(({ id }) => id);
  for (const end = performance.now() + patience; received.length <= expected.length && performance.now() < end; ) await pause(20);
  assert.deepEqual(received.slice(1), expected, `subscriber ${n}, user ${user}`);
  deliveries += expected.length;
}
const last = memory();
assert.equal(logs.get(admin).length, written);
assert.ok(logs.get(jude).length > 0 && logs.get(jude).length < written);
assert.ok(Math.max(most, last) < warm + allowance, `the server's memory grows: ${warm} MiB after the warm-up, ${most} at most, ${last} in the end`);

// Those who never read were cut off.
for (const socket of deaf) {
  const closed = once(socket, 'close');
  socket.resume();
  const [code] = await Promise.race([closed, pause(patience, ['not at all'], { ref: false })]);
  assert.ok([1006, 1013].includes(code), `who never read was cut off: ${code}`);
}
await Promise.all(followers.map(({ end }) => end()));
server.kill('SIGTERM');
assert.deepEqual(await ended, [0, null]);
await postgres.stop();

delays.sort((a, b) => a - b);
const percentile = (share) => `${delays[Math.floor(delays.length * share)].toFixed(0)} ms`;
const mib = (amount) => `${amount.toFixed(0)} MiB`;
console.log(
  `${subscribers} subscribers, ${written} changes, ${deliveries} deliveries, each once and in order, with ${breaks} broken connections; ` +
    `from a change's sending to its arrival p50 ${percentile(0.5)}, p99 ${percentile(0.99)}; ` +
    `memory ${mib(idle)} idle, ${mib(warm)} warm, ${mib(most)} at most, ${mib(last)} in the end`,
);
