// The files of docs/guide/web-page.md, as they are written: they compile with `tsc --strict`, and run in Vite's
// development server, through its proxy, as a page would.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gql } from '@apollo/client';
import { Balancer } from './balancer.mjs';
import { changeLocation, eventCursors, request } from './events.mjs';
import { TestServer } from './server-process.mjs';
import { Arrivals, extract, here, openPage } from './web-page.mjs';

// An interview that the demo data of every server have.
const demo = '27';

let server;
let balancer; // in front of the server
let root;
let page;

before(async () => {
  server = await TestServer.start();
  balancer = await Balancer.start(server);
  root = await extract(balancer);
  page = await openPage(root, 'staff', () => server.staff);
});

after(async () => {
  await page?.close();
  balancer?.close();
  await server?.remove();
  await rm(root, { recursive: true, force: true });
});

test('the files compile with --strict', () => {
  const options = [
    '--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--noPropertyAccessFromIndexSignature',
    '--noEmit', '--skipLibCheck', '--target', 'es2022', '--lib', 'es2022,dom', '--types', '',
    '--module', 'esnext', '--moduleResolution', 'bundler',
  ];
  const files = ['connection', 'retries', 'apollo', 'live', 'edit', 'urql'].map((name) => join(root, `src/${name}.ts`));
  const tsc = spawnSync(join(here, 'node_modules/.bin/tsc'), [...options, ...files, join(root, 'vite.config.ts')], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(tsc.status, 0, tsc.stdout + tsc.stderr);
});

/** Interrupts a subscription while changes are made. Fails unless every event arrives once and in order. */
async function expectEveryEventOnce(t, subscribe) {
  const { socket } = page.connection;
  const arrivals = new Arrivals();
  t.after(subscribe(({ cursor }) => arrivals.add(cursor)));
  while (arrivals.list.length === 0) await changeLocation(demo, server);
  const [start] = arrivals.list;

  for (let times = 0; times < 3; times += 1) {
    socket.terminate(); // the connection breaks
    await changeLocation(demo, server);
  }
  await server.stop('SIGKILL');
  await server.restart();
  await changeLocation(demo, server); // while the client is disconnected
  const logged = await eventCursors(server, start);
  assert.ok(logged.length >= 4);
  await arrivals.until((list) => list.at(-1) === logged.at(-1));
  assert.deepEqual(arrivals.list, [start, ...logged]);
}

const EVENTS = gql`subscription ($since: ID) { interviewChanged(since: $since) { cursor } }`;

test('Apollo resumes its subscription after breaks and a restart, without gaps and duplicates', async (t) => {
  await expectEveryEventOnce(t, (next) => {
    const events = page.apollo.apollo.subscribe({ query: EVENTS });
    const following = events.subscribe(({ data, error }) => (data ? next(data.interviewChanged) : failed(error)));
    return () => following.unsubscribe();
  });
});

test('urql resumes its subscription after breaks and a restart, without gaps and duplicates', async (t) => {
  await expectEveryEventOnce(t, (next) => {
    const events = page.urql.urql.subscription(EVENTS, {});
    return events.subscribe(({ data, error }) => (data ? next(data.interviewChanged) : failed(error))).unsubscribe;
  });
});

test('the page leaves a frozen server and resumes on another one', { timeout: 120_000 }, async (t) => {
  const other = await server.startSibling();
  t.after(async () => {
    balancer.target = server;
    page.connection.socket.terminate();
    await other.stop('SIGKILL');
  });
  const arrivals = new Arrivals();
  const following = page.apollo.apollo.subscribe({ query: EVENTS }).subscribe(({ data, error }) => {
    arrivals.add(data ? data.interviewChanged.cursor : failed(error));
  });
  t.after(() => following.unsubscribe());
  while (arrivals.list.length === 0) await changeLocation(demo, server);

  balancer.target = other;
  server.process.kill('SIGSTOP');
  t.after(() => server.process.kill('SIGCONT'));
  for (let times = 0; times < 3; times += 1) await changeLocation(demo, other);
  const logged = await eventCursors(other, arrivals.list[0]);
  await arrivals.until((list) => list.at(-1) === logged.at(-1)); // after at most 15 s and a pause
  assert.deepEqual(arrivals.list.slice(1), logged);
});

const current = async () => (await request(server, `{ interview(id: ${demo}) { location version } }`)).interview;

const ALL = { startAt: { gte: '2025-01-01T00:00:00Z', lt: '2099-01-01T00:00:00Z' } };
const failed = (problem) => assert.fail(`${problem}`);

/** A screen that hands on what changes of the demo interview. */
const onChange = (put) => {
  let shown = false;
  const first = (interview) => (shown ? put(interview) : (shown = true));
  return { put: (interview) => interview.id === demo && first(interview), remove: failed, end: failed };
};

test('no change is missed between the query and the subscription', async (t) => {
  page.connection.socket.terminate(); // the subscription has to connect first
  const arrivals = new Arrivals();
  t.after(await page.live.show(ALL, onChange(arrivals.add)));
  const { version } = await current();
  await changeLocation(demo, server);
  await changeLocation(demo, server);
  await arrivals.until((list) => list.length === 2);
  assert.equal(arrivals.list.at(-1).version, version + 2);
});

test('an interview that is moved away leaves the screen, and comes back', async (t) => {
  const day = { startAt: { gte: '2031-06-03T00:00:00Z', lt: '2031-06-04T00:00:00Z' } };
  const changes = new Arrivals();
  const put = ({ id }) => changes.add(`put ${id}`);
  t.after(await page.live.show(day, { put, remove: (id) => changes.add(`remove ${id}`), end: failed }));
  const move = async (startAt, endAt) => {
    const query = `mutation ($input: UpdateInterviewInput!) {
      updateInterview(id: ${demo}, input: $input) { userErrors { code } }
    }`;
    const { updateInterview } = await request(server, query, { input: { startAt, endAt } });
    assert.deepEqual(updateInterview.userErrors, []);
  };
  await move('2031-06-03T09:00:00Z', '2031-06-03T09:30:00Z');
  await changes.until((list) => list.length === 1);
  await move('2031-06-04T09:00:00Z', '2031-06-04T09:30:00Z');
  await changes.until((list) => list.length === 2);
  await move('2025-03-20T09:00:00Z', '2025-03-20T09:30:00Z'); // neither before nor after in the filter
  await move('2031-06-03T10:00:00Z', '2031-06-03T10:30:00Z');
  await changes.until((list) => list.length === 3);
  assert.deepEqual(changes.list, [`put ${demo}`, `remove ${demo}`, `put ${demo}`]);
});

test('an event corrects what Apollo shows', async (t) => {
  const { apollo } = page.apollo;
  const query = gql`query ($id: ID!) { interview(id: $id) { id location version } }`;
  const shown = new Arrivals();
  const watching = apollo.watchQuery({ query, variables: { id: demo } }).subscribe(({ data }) => shown.add(data));
  t.after(() => watching.unsubscribe());
  await shown.until((list) => list.at(-1)?.interview);
  t.after(await page.live.show(ALL, onChange(() => {})));
  const location = await changeLocation(demo, server);
  await shown.until((list) => list.at(-1).interview.location === location);
});

test('pages of nodes become one list, and its count is another entry', async () => {
  const { apollo } = page.apollo;
  const query = gql`query ($after: String) {
    interviews(first: 10, after: $after, orderBy: { field: ID, direction: ASC }) {
      nodes { id }
      pageInfo { hasNextPage endCursor }
    }
  }`;
  const list = apollo.watchQuery({ query });
  const watching = list.subscribe(() => {});
  await apollo.query({ query });
  const read = () => apollo.readQuery({ query }).interviews;
  while (read().pageInfo.hasNextPage) await list.fetchMore({ variables: { after: read().pageInfo.endCursor } });
  const { data } = await apollo.query({ query: gql`{ interviews(first: 0) { totalCount } }` });
  watching.unsubscribe();
  assert.equal(data.interviews.totalCount, 30);
  const ids = read().nodes.map(({ id }) => Number(id));
  assert.deepEqual(ids, Array.from({ length: 30 }, (_, index) => index + 1));
});

test('a form saves with the version that its user saw, and a stale one corrects the cache', async () => {
  const { apollo } = page.apollo;
  const { save } = page.edit;
  const query = gql`query ($id: ID!) { interview(id: $id) { id location version } }`;
  const { data } = await apollo.query({ query, variables: { id: demo }, fetchPolicy: 'network-only' });
  const { version } = data.interview;

  const location = await changeLocation(demo, server); // another user is faster
  const errors = await save({ id: demo, version, location: 'Gate 2' });
  assert.deepEqual(Object.keys(errors), ['expectedVersion']);
  const cached = () => apollo.readQuery({ query, variables: { id: demo } }).interview;
  assert.deepEqual([cached().location, cached().version], [location, version + 1]);

  assert.deepEqual(Object.keys(await save({ id: demo, version: version + 1, location: ' ' })), ['location']);
  assert.deepEqual(await save({ id: demo, version: version + 1, location: 'Gate 2' }), {});
  assert.equal(cached().version, version + 2);
});

test('urql queries with the token', async () => {
  const { data, error } = await page.urql.urql.query('{ viewer { role } }', {}).toPromise();
  assert.equal(error, undefined);
  assert.equal(data.viewer.role, 'STAFF');
  const { interview } = await request(server, `{ interview(id: ${demo}) { version } }`);
  assert.ok(interview.version > 1);
});

test('the WebSocket goes on with another token, and ends when there is none', async (t) => {
  const tokens = ['nonsense', server.staff];
  const fresh = await openPage(root, 'fresh', () => (tokens.length > 1 ? tokens.shift() : tokens[0]));
  t.after(fresh.close);
  const role = async () => {
    const { value } = await fresh.connection.socket.iterate({ query: '{ viewer { role } }' }).next();
    return value.data.viewer.role;
  };
  assert.equal(await role(), 'STAFF');

  tokens[0] = 'still nonsense';
  fresh.connection.socket.terminate();
  await assert.rejects(role(), /There is no other token/);
});

const CHANGES = `{ interview(id: ${demo}) { version history { totalCount } } }`;
const versions = async () => (await request(server, CHANGES)).interview;

test('a change whose response is lost is made once', async () => {
  const { save } = page.edit;
  for (const lost of [1, 2]) {
    const before = await versions();
    balancer.loseResponses(lost);
    const form = { id: demo, version: before.version, location: `Gate ${lost} of ${before.version}` };
    assert.deepEqual(await save(form), {}); // Sent again without the key, it would be a stale version.
    const after = await versions();
    assert.equal(after.version, before.version + 1);
    assert.equal(after.history.totalCount, before.history.totalCount + 1);
  }
});

test('a key is kept while there is no response, and another input has another key', () => {
  const { keyOf, settle } = page.retries;
  const [form, other] = [{ id: demo, location: 'Gate 1' }, { id: demo, location: 'Gate 2' }];
  const key = keyOf('update', form);
  assert.match(key, /^[0-9a-f-]{36}$/);
  assert.equal(keyOf('update', { ...form }), key);
  assert.notEqual(keyOf('update', other), key);
  settle('update', form);
  assert.notEqual(keyOf('update', form), key);
});

test('a mutation without a key is not sent again', async () => {
  const { apollo } = page.apollo;
  const before = await versions();
  balancer.loseResponses(1);
  const mutation = gql`mutation ($id: ID!, $location: String) {
    updateInterview(id: $id, input: { location: $location }) { interview { id } }
  }`;
  const variables = { id: demo, location: `Gate of ${before.version}` };
  await assert.rejects(apollo.mutate({ mutation, variables }));
  assert.equal((await versions()).version, before.version + 1);
});
