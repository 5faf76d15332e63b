// Subscriptions as server-sent events with npm's `graphql-sse`, for networks that let no WebSocket through: the same events, the same
// errors; and a client that outlives its server.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createClient } from 'graphql-sse';
import { EVENTS, UPDATE, change, latest, nextOf } from './events.mjs';
import { ends, outlive } from './outlive.mjs';
import { staff, url } from './server.mjs';

// Interviews that no other file changes.
const [one, other] = ['40', '41'];
const othersInterviewee = '1039';

function connect(t, options) {
  const client = createClient({ url, headers: { authorization: `Bearer ${staff}` }, retryAttempts: 0, ...options });
  t.after(() => client.dispose());
  return client;
}

const follow = (client, variables) => client.iterate({ query: EVENTS, variables });

async function all(results) {
  const answers = [];
  for await (const answer of results) answers.push(answer);
  return answers;
}

test('several subscribers get what is changed, each by its filter', async (t) => {
  const client = connect(t);
  const since = await latest();
  const filtered = follow(client, { since, filter: { intervieweeId: othersInterviewee } });
  const everything = [follow(client, { since }), follow(client, { since })];
  for (let times = 0; times < 3; times += 1) {
    await change(one);
    const location = await change(other);
    const { value } = await filtered.next();
    assert.equal(value.data.interviewChanged.interview.location, location);
    for (const events of everything) {
      await nextOf(one, events);
      assert.equal((await nextOf(other, events)).id, value.data.interviewChanged.id);
    }
  }
});

test('queries and mutations are answered once', async (t) => {
  const client = connect(t);
  const location = `Room ${randomUUID()}`;
  const update = { updateInterview: { interview: { id: one }, userErrors: [] } };
  assert.deepEqual(await all(client.iterate({ query: UPDATE, variables: { id: one, location } })), [{ data: update }]);
  const viewer = { viewer: { role: 'STAFF' } };
  assert.deepEqual(await all(client.iterate({ query: '{ viewer { role } }' })), [{ data: viewer }]);
});

test('what cannot be executed is an answer with its code, and the last', async (t) => {
  const wrong = connect(t, { headers: { authorization: 'Bearer nonsense' } });
  const nobody = connect(t, { headers: {} });
  const client = connect(t);
  for (const [expected, from, query, variables] of [
    ['UNAUTHENTICATED', wrong, EVENTS],
    ['UNAUTHENTICATED', nobody, EVENTS],
    ['GRAPHQL_PARSE_FAILED', client, 'subscription {'],
    ['GRAPHQL_VALIDATION_FAILED', client, 'subscription { nonsense }'],
    ['BAD_USER_INPUT', client, EVENTS, { since: '999999999' }],
  ]) {
    const answers = await all(from.iterate({ query, variables }));
    assert.deepEqual(answers.map(({ errors }) => errors[0].extensions.code), [expected]);
  }
});

for (const [how, signal] of ends) {
  test(`a server ${how}: its client comes back by itself, and gets each event once`, (t) => {
    return outlive(t, signal, (server, retry) => connect(t, {
      url: server.url,
      headers: { authorization: `Bearer ${server.staff}` },
      retryAttempts: 5,
      retry,
    }));
  });
}
