// Subscriptions as server-sent events with npm's `graphql-sse`, for networks that block WebSockets: the same events
// and errors as over a WebSocket, and reconnecting after a restart of the server.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createClient } from 'graphql-sse';
import { EVENTS, UPDATE, changeLocation, latestCursor, nextEventOf } from './events.mjs';
import { stops, expectEveryEventOnce } from './reconnect.mjs';
import { staff, url } from './shared-server.mjs';

// Interviews that no other file changes.
const [one, other] = ['43', '44'];
const othersInterviewee = '1042';

function connect(t, options) {
  const client = createClient({ url, headers: { authorization: `Bearer ${staff}` }, retryAttempts: 0, ...options });
  t.after(() => client.dispose());
  return client;
}

const follow = (client, variables) => client.iterate({ query: EVENTS, variables });

async function all(results) {
  const responses = [];
  for await (const response of results) responses.push(response);
  return responses;
}

test('several subscribers get the events that their filters match', async (t) => {
  const client = connect(t);
  const since = await latestCursor();
  const filtered = follow(client, { since, filter: { intervieweeId: othersInterviewee } });
  const everything = [follow(client, { since }), follow(client, { since })];
  for (let times = 0; times < 3; times += 1) {
    await changeLocation(one);
    const location = await changeLocation(other);
    const { value } = await filtered.next();
    assert.equal(value.data.interviewChanged.interview.location, location);
    for (const events of everything) {
      await nextEventOf(one, events);
      assert.equal((await nextEventOf(other, events)).id, value.data.interviewChanged.id);
    }
  }
});

test('a query or mutation gets one response', async (t) => {
  const client = connect(t);
  const location = `Room ${randomUUID()}`;
  const update = { updateInterview: { interview: { id: one }, userErrors: [] } };
  assert.deepEqual(await all(client.iterate({ query: UPDATE, variables: { id: one, location } })), [{ data: update }]);
  const viewer = { viewer: { role: 'STAFF' } };
  assert.deepEqual(await all(client.iterate({ query: '{ viewer { role } }' })), [{ data: viewer }]);
});

test('a request that cannot be executed gets one error with its code', async (t) => {
  const wrong = connect(t, { headers: { authorization: 'Bearer nonsense' } });
  const anonymous = connect(t, { headers: {} });
  const client = connect(t);
  for (const [expected, from, query, variables] of [
    ['UNAUTHENTICATED TOKEN_INVALID', wrong, EVENTS],
    ['UNAUTHENTICATED TOKEN_MISSING', anonymous, EVENTS],
    ['GRAPHQL_PARSE_FAILED', client, 'subscription {'],
    ['GRAPHQL_VALIDATION_FAILED', client, 'subscription { nonsense }'],
    ['BAD_USER_INPUT', client, EVENTS, { since: 'nonsense' }],
    ['CURSOR_EXPIRED', client, EVENTS, { since: '999999999' }],
  ]) {
    const responses = await all(from.iterate({ query, variables }));
    const word = ({ code, reason }) => (reason ? `${code} ${reason}` : code);
    assert.deepEqual(responses.map(({ errors }) => word(errors[0].extensions)), [expected]);
  }
});

for (const [how, signal] of stops) {
  test(`the client reconnects after a ${how} and gets each event once`, (t) => {
    return expectEveryEventOnce(t, signal, (server, retry) => connect(t, {
      url: server.url,
      headers: { authorization: `Bearer ${server.staff}` },
      retryAttempts: 5,
      retry,
    }));
  });
}
