// Subscriptions with npm's `graphql-ws` against running servers: many operations on one connection, tokens, errors; and a client that
// outlives its server and still gets each event once.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { EVENTS, UPDATE, change, latest, nextOf } from './events.mjs';
import { ends, outlive } from './outlive.mjs';
import { driver, socketUrl, staff } from './server.mjs';

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

test('a subscriber gets what is changed', async (t) => {
  const events = follow(connect(t), { since: await latest() });
  for (let times = 0; times < 3; times += 1) {
    const location = await change(one);
    const { type, interview } = await nextOf(one, events);
    assert.deepEqual([type, interview.location], ['UPDATED', location]);
  }
});

test('a subscriber who does not say since when gets what happens from then on', async (t) => {
  const client = connect(t);
  const events = follow(client);
  // Operations of a connection begin in their order: but a query may be done sooner. So there are changes until one arrives.
  const arrived = nextOf(one, events).then((event) => ({ event }));
  const changes = [];
  let told;
  for (; !told; told = await Promise.race([arrived, undefined])) changes.push(await change(one));
  assert.ok(changes.includes(told.event.interview.location));
});

test('several subscriptions share a connection, each with its filter', async (t) => {
  const client = connect(t);
  let sockets = 0;
  client.on('opened', () => (sockets += 1));
  const since = await latest();
  const filtered = follow(client, { since, filter: { intervieweeId: othersInterviewee } });
  const all = [1, 2, 3].map(() => follow(client, { since }));

  await change(one);
  await change(other);
  const { value } = await filtered.next();
  assert.equal(value.data.interviewChanged.interview.id, other);
  for (const events of all) {
    const first = await nextOf(one, events);
    const second = await nextOf(other, events);
    assert.equal(second.id, value.data.interviewChanged.id);
    assert.ok(Number(first.id) < Number(second.id));
  }
  assert.equal(sockets, 1);
});

test('queries and mutations go over the socket as well', async (t) => {
  const client = connect(t);
  const once = async (query, variables) => {
    const answers = client.iterate({ query, variables });
    const { value } = await answers.next();
    assert.equal((await answers.next()).done, true);
    return value;
  };
  const events = follow(client, { since: await latest() });
  const location = `Room ${randomUUID()}`;
  const { data } = await once(UPDATE, { id: one, location });
  assert.deepEqual(data.updateInterview, { interview: { id: one }, userErrors: [] });
  assert.equal((await nextOf(one, events)).interview.location, location);
  const asked = await once('{ viewer { role } }');
  assert.deepEqual(asked, { data: { viewer: { role: 'STAFF' } } });
});

for (const [what, connectionParams] of Object.entries({
  'without a token': undefined,
  'with a wrong token': { authorization: 'Bearer nonsense' },
})) {
  test(`${what} nobody is let in: 4403`, async (t) => {
    const closed = await follow(connect(t, { connectionParams })).next().catch((problem) => problem);
    assert.deepEqual([closed.code, closed.reason], [4403, 'Forbidden']);
  });
}

test('the token comes as the first message brings it, or as a header', async (t) => {
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

test('what cannot be executed is an error of its operation, and of no other', async (t) => {
  const client = connect(t);
  const events = follow(client, { since: await latest() });
  const changed = 'interviewChanged { id }';
  for (const [expected, query, variables] of [
    ['GRAPHQL_PARSE_FAILED', `subscription { ${changed}`],
    ['GRAPHQL_VALIDATION_FAILED', 'subscription { nonsense }'],
    ['GRAPHQL_VALIDATION_FAILED', `subscription { ${changed} other: ${changed} }`],
    ['BAD_USER_INPUT', EVENTS, { filter: { status: ['DONE'] } }],
    ['BAD_USER_INPUT', EVENTS, { since: '999999999' }],
  ]) {
    const errors = await client.iterate({ query, variables }).next().catch((problem) => problem);
    assert.deepEqual(errors.map(({ extensions }) => extensions.code), [expected]);
  }
  const location = await change(one);
  assert.equal((await nextOf(one, events)).interview.location, location);
});

test('whoever unsubscribes hears no more, and may take the same id again', async (t) => {
  const ids = ['other', 'same', 'between', 'same'];
  const heard = [];
  const client = connect(t, { generateID: () => ids.shift(), on: { message: ({ id }) => heard.push(id) } });
  const others = follow(client, { since: await latest() });
  const first = follow(client, { since: await latest() });
  await change(one);
  await nextOf(one, first);
  await nextOf(one, others);

  await first.return();
  await client.iterate({ query: '{ viewer { id } }' }).next(); // it is answered after the server has read that
  const before = heard.filter((id) => id === 'same').length;
  await change(one);
  await nextOf(one, others);
  assert.equal(heard.filter((id) => id === 'same').length, before);

  const second = follow(client, { since: await latest() });
  const location = await change(one);
  assert.equal((await nextOf(one, second)).interview.location, location);
});

for (const [how, signal] of ends) {
  test(`a server ${how}: its client comes back by itself, and gets each event once`, async (t) => {
    const closed = [];
    await outlive(t, signal, (server, retryWait) => connect(t, {
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
