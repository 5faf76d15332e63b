// The JavaScript example of docs/guide/subscriptions.md runs as it is written.

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

const AsyncFunction = (async () => {}).constructor;
const IMPORT = "import { createClient } from 'graphql-ws';\n";
const URL = 'wss://interviews.example.com/graphql';

// An interview that no other file changes, and one that the demo data of every server have.
const [interview, demo] = ['37', '27'];

/** Runs the example against a server. */
async function run(t, server, { refresh = () => assert.fail('the cursor has not expired') } = {}) {
  const page = await readFile(new globalThis.URL('../../docs/guide/subscriptions.md', import.meta.url), 'utf8');
  const [, example] = page.match(/```js\n(.*?)```/s);
  assert.ok(example.startsWith(IMPORT) && example.includes(URL));

  const shown = [];
  let changed = () => {};
  const names = {
    // Node 20 has no WebSocket of its own; a browser has.
    createClient: (options) => createClient({ ...options, webSocketImpl: WebSocket }),
    token: async () => server.staff,
    show: (event) => changed(shown.push(event)),
    report: (error) => assert.fail(error),
    refresh,
  };
  const code = `${example.replace(IMPORT, '').replace(URL, socketUrl(server.url))}\nreturn client;`;
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
