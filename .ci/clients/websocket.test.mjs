// Subscriptions with npm's `graphql-ws` against running servers: many operations on one connection, tokens, errors,
// and reconnecting after a restart of the server.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { EVENTS, UPDATE, changeLocation, latestCursor, nextEventOf } from './events.mjs';
import { stops, expectEveryEventOnce } from './reconnect.mjs';
import { driver, socketUrl, staff } from './shared-server.mjs';

// Interviews that no other file changes.
const [one, other] = ['30', '31'];
const othersInterviewee = '1029';

function connect(t, options) {
  const client = createClient({
    url: socketUrl(),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${staff}` },
    shouldRetry: () => false,
    ...options,
  });
  t.after(() => client.dispose());
  return client;
}

const follow = (client, variables) => client.iterate({ query: EVENTS, variables });

test('a subscriber gets each change', async (t) => {
  const events = follow(connect(t), { since: await latestCursor() });
  for (let times = 0; times < 3; times += 1) {
    const location = await changeLocation(one);
    const { type, interview } = await nextEventOf(one, events);
    assert.deepEqual([type, interview.location], ['UPDATED', location]);
  }
});

test('a subscription without `since` gets events from its start on', async (t) => {
  const client = connect(t);
  const events = follow(client);
  // The subscription may open after the first changes are made. So the test makes changes until an event arrives.
  const arrived = nextEventOf(one, events).then((event) => ({ event }));
  const changes = [];
  let first;
  for (; !first; first = await Promise.race([arrived, undefined])) changes.push(await changeLocation(one));
  assert.ok(changes.includes(first.event.interview.location));
});

test('several subscriptions with different filters share a connection', async (t) => {
  const client = connect(t);
  let sockets = 0;
  client.on('opened', () => (sockets += 1));
  const since = await latestCursor();
  const filtered = follow(client, { since, filter: { intervieweeId: othersInterviewee } });
  const all = [1, 2, 3].map(() => follow(client, { since }));

  await changeLocation(one);
  await changeLocation(other);
  const { value } = await filtered.next();
  assert.equal(value.data.interviewChanged.interview.id, other);
  for (const events of all) {
    const first = await nextEventOf(one, events);
    const second = await nextEventOf(other, events);
    assert.equal(second.id, value.data.interviewChanged.id);
    assert.ok(Number(first.id) < Number(second.id));
  }
  assert.equal(sockets, 1);
});

test('queries and mutations work over the WebSocket', async (t) => {
  const client = connect(t);
  const once = async (query, variables) => {
    const responses = client.iterate({ query, variables });
    const { value } = await responses.next();
    assert.equal((await responses.next()).done, true);
    return value;
  };
  const events = follow(client, { since: await latestCursor() });
  const location = `Room ${randomUUID()}`;
  const { data } = await once(UPDATE, { id: one, location });
  assert.deepEqual(data.updateInterview, { interview: { id: one }, userErrors: [] });
  assert.equal((await nextEventOf(one, events)).interview.location, location);
  const response = await once('{ viewer { role } }');
  assert.deepEqual(response, { data: { viewer: { role: 'STAFF' } } });
});

for (const [what, [connectionParams, reason]] of Object.entries({
  'without a token': [undefined, 'TOKEN_MISSING'],
  'with a wrong token': [{ authorization: 'Bearer nonsense' }, 'TOKEN_INVALID'],
})) {
  test(`a connection ${what} is closed with 4403`, async (t) => {
    const closed = await follow(connect(t, { connectionParams })).next().catch((problem) => problem);
    assert.deepEqual([closed.code, closed.reason], [4403, reason]);
  });
}

test('the token is accepted in `connection_init` or as a header', async (t) => {
  const viewer = async (options) => {
    const { value } = await connect(t, options).iterate({ query: '{ viewer { role } }' }).next();
    return value.data.viewer.role;
  };
  assert.equal(await viewer({ connectionParams: async () => ({ Authorization: `Bearer ${driver}` }) }), 'DRIVER');
  assert.equal(await viewer({ connectionParams: { headers: { authorization: `Bearer ${driver}` } } }), 'DRIVER');
  class WithHeader extends WebSocket {
    constructor(address, protocols) {
      super(address, protocols, { headers: { authorization: `Bearer ${driver}` } });
    }
  }
  assert.equal(await viewer({ webSocketImpl: WithHeader, connectionParams: undefined }), 'DRIVER');
});

test('an operation that cannot be executed does not affect others', async (t) => {
  const client = connect(t);
  const events = follow(client, { since: await latestCursor() });
  const changed = 'interviewChanged { id }';
  for (const [expected, query, variables] of [
    ['GRAPHQL_PARSE_FAILED', `subscription { ${changed}`],
    ['GRAPHQL_VALIDATION_FAILED', 'subscription { nonsense }'],
    ['GRAPHQL_VALIDATION_FAILED', `subscription { ${changed} other: ${changed} }`],
    ['BAD_USER_INPUT', EVENTS, { filter: { status: ['DONE'] } }],
    ['BAD_USER_INPUT', EVENTS, { since: 'nonsense' }],
    ['CURSOR_EXPIRED', EVENTS, { since: '999999999' }],
  ]) {
    const errors = await client.iterate({ query, variables }).next().catch((problem) => problem);
    assert.deepEqual(errors.map(({ extensions }) => extensions.code), [expected]);
  }
  const location = await changeLocation(one);
  assert.equal((await nextEventOf(one, events)).interview.location, location);
});

test('after unsubscribing no events arrive, and the id can be used again', async (t) => {
  const ids = ['other', 'same', 'between', 'same'];
  const received = [];
  const client = connect(t, { generateID: () => ids.shift(), on: { message: ({ id }) => received.push(id) } });
  const others = follow(client, { since: await latestCursor() });
  const first = follow(client, { since: await latestCursor() });
  await changeLocation(one);
  await nextEventOf(one, first);
  await nextEventOf(one, others);

  await first.return();
  await client.iterate({ query: '{ viewer { id } }' }).next(); // the response shows that the server has read `complete`
  const before = received.filter((id) => id === 'same').length;
  await changeLocation(one);
  await nextEventOf(one, others);
  assert.equal(received.filter((id) => id === 'same').length, before);

  const second = follow(client, { since: await latestCursor() });
  const location = await changeLocation(one);
  assert.equal((await nextEventOf(one, second)).interview.location, location);
});

for (const [how, signal] of stops) {
  test(`the client reconnects after a ${how} and gets each event once`, async (t) => {
    const closed = [];
    await expectEveryEventOnce(t, signal, (server, retryWait) => connect(t, {
      url: socketUrl(server.url),
      connectionParams: { authorization: `Bearer ${server.staff}` },
      shouldRetry: ({ code }) => code !== 4403,
      retryWait,
      on: { closed: ({ code }) => closed.push(code) },
    }));
    assert.equal(closed.length, 1);
    if (signal === 'SIGTERM') assert.equal(closed[0], 1001);
  });
}
