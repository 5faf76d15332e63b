// The JavaScript example of docs/guide/subscriptions.md runs as it is written.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { changeLocation, eventIds, latestEventId } from './events.mjs';
import { socketUrl, staff } from './shared-server.mjs';

const AsyncFunction = (async () => {}).constructor;
const IMPORT = "import { createClient } from 'graphql-ws';\n";
const URL = 'wss://interviews.example.com/graphql';

// An interview that no other file changes.
const interview = '37';

test('the example with graphql-ws resumes after a break without gaps and without duplicates', async (t) => {
  const page = await readFile(new globalThis.URL('../../docs/guide/subscriptions.md', import.meta.url), 'utf8');
  const [, example] = page.match(/```js\n(.*?)```/s);
  assert.ok(example.startsWith(IMPORT) && example.includes(URL));

  const shown = [];
  let changed = () => {};
  const names = {
    // Node 20 has no WebSocket of its own; a browser has.
    createClient: (options) => createClient({ ...options, webSocketImpl: WebSocket }),
    token: async () => staff,
    show: (event) => changed(shown.push(event)),
    report: (error) => assert.fail(error),
  };
  const code = `${example.replace(IMPORT, '').replace(URL, socketUrl())}\nreturn client;`;
  const client = await new AsyncFunction(...Object.keys(names), code)(...Object.values(names));
  t.after(() => client.dispose());
  const next = () => new Promise((resolve) => (changed = resolve));

  // The subscription may open after the first changes are made. So the test makes changes until an event arrives.
  const first = next();
  for (let arrived; !arrived; arrived = await Promise.race([first, undefined])) await changeLocation(interview);

  client.terminate(); // the connection breaks
  await changeLocation(interview);
  const last = await latestEventId();
  while (!shown.some(({ id }) => id === last)) await next();

  const ids = shown.map(({ id }) => id);
  const expected = await eventIds(undefined, ids[0]);
  assert.deepEqual(ids.slice(1, expected.indexOf(last) + 2), expected.slice(0, expected.indexOf(last) + 1));
});
