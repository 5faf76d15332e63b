// The TypeScript examples of docs/guide/subscriptions.md compile with strict types and run as they are written.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Balancer } from './balancer.mjs';
import { changeLocation, eventCursors, latestCursor, shared } from './events.mjs';
import { guideClients } from './guide-clients.mjs';
import { TestServer, setting } from './server-process.mjs';

// An interview that no other file changes, and one that the demo data of every server have.
const [interview, demo] = ['37', '27'];

const { overWebSocket, asEvents } = await guideClients();

/** Runs an example against a server, with other durations. */
async function run(t, server, given = {}, example = overWebSocket, durations = {}) {
  const shown = [];
  let changed = () => {};
  const client = await example.run({
    url: server.url,
    durations,
    token: async () => server.staff,
    show: (event) => changed(shown.push(event)),
    report: (error) => assert.fail(error),
    refresh: () => assert.fail('the cursor has not expired'),
    ...given,
  });
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

for (const [transport, durations] of [
  [overWebSocket, { '15_000': '3000', '10_000': '300', '5_000': '500' }],
  [asEvents, { '35_000': '800' }],
]) {
  test(`the example with ${transport.name} leaves a frozen server and resumes on another one`, async (t) => {
    const server = await TestServer.start();
    const other = await server.startSibling();
    const balancer = await Balancer.start(server);
    const through = { url: balancer.url, staff: server.staff };
    const { shown, next, changeUntilShown } = await run(t, through, {}, transport, durations);
    t.after(async () => {
      balancer.close();
      await other.stop('SIGKILL');
      await server.remove();
    });
    await changeUntilShown(demo);

    server.process.kill('SIGSTOP');
    balancer.target = other;
    for (let times = 0; times < 5; times += 1) await changeLocation(demo, other);
    const logged = await eventCursors(other, shown[0].cursor);
    while (shown.at(-1).cursor !== logged.at(-1)) await next();
    // What the frozen server has not sent comes late, and to nobody.
    server.process.kill('SIGCONT');
    await changeLocation(demo, other);
    logged.push(...(await eventCursors(other, logged.at(-1))));
    while (shown.at(-1).cursor !== logged.at(-1)) await next();
    assert.deepEqual(shown.slice(1).map(({ cursor }) => cursor), logged);
  });

  test(`the example with ${transport.name} stays connected to a server that is alive`, async (t) => {
    const server = await TestServer.start();
    const balancer = await Balancer.start(server);
    let connections = 0;
    balancer.listener.on('connection', () => (connections += 1));
    const through = { url: balancer.url, staff: server.staff };
    const { changeUntilShown } = await run(t, through, {}, transport, durations);
    t.after(async () => {
      balancer.close();
      await server.remove();
    });
    await new Promise((resolve) => setTimeout(resolve, 2500)); // many times as long as the deadlines
    const before = connections;
    await changeUntilShown(demo);
    assert.equal(before, 1);
  });
}
