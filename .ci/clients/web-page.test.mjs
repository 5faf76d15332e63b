// The files of docs/guide/web-page.md, as they are written: they compile with `tsc --strict`, and run in Vite's
// development server, through its proxy, as a page would.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';
import WebSocket from 'ws';
import { changeLocation, eventCursors, request } from './events.mjs';
import { TestServer } from './server-process.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, 'web-page');
// An interview that the demo data of every server have.
const demo = '27';

/** The files of the page: each begins with a comment that names it. */
async function extract() {
  const page = await readFile(join(here, '../../docs/guide/web-page.md'), 'utf8');
  const blocks = [...page.matchAll(/```ts\n(\/\/ (\S+)\n.*?)```/gs)];
  assert.equal(blocks.length, page.match(/```ts/g).length, 'every block of TypeScript names its file');
  return Object.fromEntries(blocks.map(([, text, path]) => [path, text]));
}

let server;
let vite;
const modules = {};

before(async () => {
  server = await TestServer.start();
  const files = await extract();
  const target = 'http://127.0.0.1:8000';
  assert.ok(files['vite.config.ts'].includes(target));
  files['vite.config.ts'] = files['vite.config.ts'].replace(target, new URL(server.url).origin);
  files['src/token.ts'] = 'export async function token(): Promise<string> { return (globalThis as any).token; }\n';
  await rm(root, { recursive: true, force: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const configFile = join(root, 'vite.config.ts');
  vite = await createServer({ root, configFile, logLevel: 'error', server: { port: 0, host: 'localhost' } });
  await vite.listen();

  // What a browser has. Its WebSocket sends the origin of the page.
  globalThis.location = new URL(`http://localhost:${vite.httpServer.address().port}/`);
  globalThis.WebSocket = class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols, { origin: location.origin });
    }
  };
  globalThis.token = server.staff;
  for (const name of ['connection', 'apollo', 'live', 'edit', 'urql']) {
    modules[name] = await vite.ssrLoadModule(`/src/${name}.ts`);
  }
});

after(async () => {
  modules.connection?.socket.dispose();
  modules.apollo?.apollo.stop();
  await vite?.close();
  await server?.remove();
  await rm(root, { recursive: true, force: true });
});

/** Collects what arrives, and waits for it. */
class Arrivals {
  list = [];
  #changed = () => {};

  add = (item) => {
    this.list.push(item);
    this.#changed();
  };

  async until(condition) {
    while (!condition(this.list)) await new Promise((resolve) => (this.#changed = resolve));
  }
}

test('the files compile with --strict', () => {
  const options = [
    '--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--noPropertyAccessFromIndexSignature',
    '--noEmit', '--skipLibCheck', '--target', 'es2022', '--lib', 'es2022,dom', '--types', '',
    '--module', 'esnext', '--moduleResolution', 'bundler',
  ];
  const files = ['connection', 'apollo', 'live', 'edit', 'urql'].map((name) => join(root, `src/${name}.ts`));
  const tsc = spawnSync(join(here, 'node_modules/.bin/tsc'), [...options, ...files, join(root, 'vite.config.ts')], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(tsc.status, 0, tsc.stdout + tsc.stderr);
});

/** Interrupts a subscription while changes are made. Fails unless every event arrives once and in order. */
async function expectEveryEventOnce(t, subscribe) {
  const { socket } = modules.connection;
  const arrivals = new Arrivals();
  t.after(await subscribe(({ cursor }) => arrivals.add(cursor)));
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

const ALL = { from: '2025-01-01T00:00:00Z', to: '2099-01-01T00:00:00Z' };
const failed = (problem) => assert.fail(`${problem}`);

test('Apollo resumes its subscription after breaks and a restart, without gaps and duplicates', async (t) => {
  await expectEveryEventOnce(t, async (next) => (await modules.live.show(ALL, next, failed)).stop);
});

test('no change is missed between the query and the subscription', async (t) => {
  const { socket } = modules.connection;
  socket.terminate(); // the subscription has to connect first
  const [last] = (await eventCursors(server)).slice(-1);
  const arrivals = new Arrivals();
  const showing = modules.live.show(ALL, arrivals.add, failed);
  const { interviews, stop } = await showing;
  t.after(stop);
  const shown = interviews.find(({ id }) => id === demo);
  await changeLocation(demo, server);
  await changeLocation(demo, server);
  await arrivals.until((list) => list.length === 2);
  assert.deepEqual(arrivals.list.map(({ interview }) => interview.id), [demo, demo]);
  assert.deepEqual(arrivals.list.map(({ cursor }) => cursor), await eventCursors(server, last));
  assert.ok(arrivals.list[1].interview.version > shown.version);
});

test('urql resumes its subscription after breaks and a restart, without gaps and duplicates', async (t) => {
  const query = 'subscription ($since: ID) { interviewChanged(since: $since) { cursor } }';
  await expectEveryEventOnce(t, (next) => {
    const { unsubscribe } = modules.urql.urql.subscription(query, {}).subscribe(({ data, error }) => {
      assert.equal(error, undefined);
      next(data.interviewChanged);
    });
    return unsubscribe;
  });
});

test('an event corrects what Apollo shows', async (t) => {
  const { apollo } = modules.apollo;
  const { gql } = await import('@apollo/client');
  const query = gql`query ($id: ID!) { interview(id: $id) { id location version } }`;
  const shown = new Arrivals();
  const watching = apollo.watchQuery({ query, variables: { id: demo } }).subscribe(({ data }) => shown.add(data));
  t.after(() => watching.unsubscribe());
  await shown.until((list) => list.at(-1)?.interview);
  const { stop } = await modules.live.show(ALL, () => {}, failed);
  t.after(stop);
  const location = await changeLocation(demo, server);
  await shown.until((list) => list.at(-1).interview.location === location);
});

test('pages of nodes become one list, and its count is another entry', async () => {
  const { apollo } = modules.apollo;
  const { gql } = await import('@apollo/client');
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
  const { apollo } = modules.apollo;
  const { gql } = await import('@apollo/client');
  const { save } = modules.edit;
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
  const { data, error } = await modules.urql.urql.query('{ viewer { role } }', {}).toPromise();
  assert.equal(error, undefined);
  assert.equal(data.viewer.role, 'STAFF');
  const { interview } = await request(server, `{ interview(id: ${demo}) { version } }`);
  assert.ok(interview.version > 1);
});
