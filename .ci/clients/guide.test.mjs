// The TypeScript example of docs/guide/subscriptions.md compiles with strict types and runs as it is written.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { changeLocation, eventCursors, latestCursor, shared } from './events.mjs';
import { TestServer, setting } from './server-process.mjs';
import { socketUrl } from './shared-server.mjs';
import { compile } from './typescript.mjs';

const AsyncFunction = (async () => {}).constructor;
const IMPORT = "import { createClient } from 'graphql-ws';\n";
const URL = 'wss://interviews.example.com/graphql';
const GLOBALS = `
  declare function token(): Promise<string>;
  declare function show(event: Change['interviewChanged']): void;
  declare function report(problem: unknown): void;
  declare function refresh(): void;
`;

// An interview that no other file changes, and one that the demo data of every server have.
const [interview, demo] = ['37', '27'];

const page = await readFile(new globalThis.URL('../../docs/guide/subscriptions.md', import.meta.url), 'utf8');
const [, example] = page.match(/```ts\n(.*?)```/s);
const compiled = await compile('subscriptions', example, GLOBALS);
assert.ok(compiled.startsWith(IMPORT) && compiled.includes(URL));

/** Runs the example against a server. */
async function run(t, server, given = {}) {
  const shown = [];
  let changed = () => {};
  const names = {
    // Node 20 has no WebSocket of its own; a browser has.
    createClient: (options) => createClient({ ...options, webSocketImpl: WebSocket }),
    token: async () => server.staff,
    show: (event) => changed(shown.push(event)),
    report: (error) => assert.fail(error),
    refresh: () => assert.fail('the cursor has not expired'),
    ...given,
  };
  const code = `${compiled.replace(IMPORT, '').replace(URL, socketUrl(server.url))}\nreturn client;`;
  const client = await new AsyncFunction(...Object.keys(names), code)(...Object.values(names));
  t.after(() => client.dispose());
  const next = () => new Promise((resolve) => (changed = resolve));
  /** Makes changes until an event arrives: the subscription may open after the first changes are made. */
  const changeUntilShown = async (id) => {
    const first = next();
    for (let arrived; !arrived; arrived = await Promise.race([first, undefined])) await changeLocation(id, server);
  };
  return { client, shown, next, changeUntilShown };
}

test('the example with graphql-ws resumes after a break without gaps and without duplicates', async (t) => {
  const { client, shown, next, changeUntilShown } = await run(t, shared);
  await changeUntilShown(interview);

  client.terminate(); // the connection breaks
  await changeLocation(interview);
  const last = await latestCursor();
  while (!shown.some(({ cursor }) => cursor === last)) await next();

  const cursors = shown.map(({ cursor }) => cursor);
  const expected = await eventCursors(undefined, cursors[0]);
  assert.deepEqual(cursors.slice(1, expected.indexOf(last) + 2), expected.slice(0, expected.indexOf(last) + 1));
});

test('the example queries anew and goes on when its cursor has expired', async (t) => {
  const server = await TestServer.start();
  let refreshed;
  const refreshing = new Promise((resolve) => (refreshed = resolve));
  const { client, shown, changeUntilShown } = await run(t, server, { refresh: refreshed });
  t.after(() => server.remove());
  await changeUntilShown(demo);

  const command = ['expire-cursors', '--database-url', 'sqlite://interviews-dev.db'];
  await promisify(execFile)(setting('INTERVIEWS'), command, { cwd: server.folder });
  client.terminate(); // the connection breaks
  await refreshing;
  const before = shown.length;
  await changeUntilShown(demo);
  assert.ok(shown.length > before);
});

test('the example goes on with a fresh token when its token expires', async (t) => {
  const server = await TestServer.start('--viewer-ttl', '100ms');
  const tokens = [await server.tokenThatExpiresIn(5), server.staff];
  const { client, shown, next, changeUntilShown } = await run(t, server, {
    token: async () => (tokens.length > 1 ? tokens.shift() : tokens[0]),
  });
  t.after(() => server.remove());
  const closed = new Promise((resolve) => client.on('closed', resolve));
  await changeUntilShown(demo);
  const { code, reason } = await closed;
  assert.deepEqual([code, reason], [4403, 'TOKEN_EXPIRED']);

  await changeLocation(demo, server); // while the client is disconnected
  const logged = await eventCursors(server, shown[0].cursor);
  while (shown.at(-1).cursor !== logged.at(-1)) await next();
  assert.deepEqual(shown.slice(1).map(({ cursor }) => cursor), logged);
});

test('the example stops when there is no other token than the one that was refused', async (t) => {
  const server = await TestServer.start();
  t.after(() => server.remove());
  let asked = 0;
  let reported;
  const problem = new Promise((resolve) => (reported = resolve));
  const { client } = await run(t, server, {
    token: async () => {
      asked += 1;
      return 'nonsense';
    },
    report: reported,
  });
  const codes = [];
  client.on('closed', ({ code, reason }) => codes.push([code, reason]));
  const { message } = await problem;
  assert.equal(message, 'There is no other token.');
  assert.deepEqual(codes[0], [4403, 'TOKEN_INVALID']);
  assert.equal(asked, 2);
});
