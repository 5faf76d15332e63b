// Apollo Client with a WebSocket for its subscriptions and HTTP for the rest, as its documentation splits them: events change what the
// cache shows, errors are told, and after the server was away the client asks again for what it shows.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { EVENTS, UPDATE, change, latest, shared } from './events.mjs';
import { OwnServer } from './own-server.mjs';
import { driver, socketUrl } from './server.mjs';

// Apollo's link and `graphql-ws` look for the browser's.
globalThis.WebSocket ??= WebSocket;

// An interview that no other file changes, and the one that every server has.
const [one, demo] = ['50', '27'];

const INTERVIEW = gql`query ($id: ID!) { interview(id: $id) { id location version } }`;

function connect(t, { server = shared, token = server.staff, socket } = {}) {
  const authorization = `Bearer ${token}`;
  const ws = createClient({
    url: socketUrl(server.url),
    connectionParams: { authorization },
    shouldRetry: ({ code }) => code !== 4403,
    ...socket,
  });
  t.after(() => ws.dispose());
  const sent = { http: 0 };
  const watchedFetch = (...request) => {
    sent.http += 1;
    return fetch(...request);
  };
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(ws),
    new HttpLink({ uri: server.url, headers: { authorization }, fetch: watchedFetch }),
  );
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  t.after(() => client.stop());
  return { client, ws, sent };
}

// Resolves with the first value that is like this.
const first = (observable, isIt) => new Promise((resolve, reject) => {
  const subscription = observable.subscribe({
    next: (value) => {
      if (!isIt(value)) return;
      resolve(value);
      queueMicrotask(() => subscription.unsubscribe());
    },
    error: reject,
  });
});

test('an event changes what the cache shows, and nothing is asked for', async (t) => {
  const { client, sent } = connect(t);
  const shown = client.watchQuery({ query: INTERVIEW, variables: { id: one } });
  await first(shown, ({ data }) => data);
  const events = client.subscribe({ query: gql(EVENTS), variables: { since: await latest() } });
  const before = sent.http;

  const location = `Room ${randomUUID()}`;
  const showing = first(shown, ({ data }) => data?.interview.location === location);
  const arriving = first(events, ({ data }) => data.interviewChanged.interview.location === location);
  const variables = { id: one, location };
  // Beside the client, so that its cache learns of it by the event alone.
  const other = connect(t).client;
  const { data } = await other.mutate({ mutation: gql(UPDATE), variables });
  assert.deepEqual(data.updateInterview.userErrors, []);

  const event = (await arriving).data.interviewChanged;
  assert.deepEqual([event.type, event.interview.id], ['UPDATED', one]);
  assert.equal((await showing).data.interview.version, event.interview.version);
  assert.equal(sent.http, before);
});

test('errors before execution are errors of the subscription', async (t) => {
  const { client } = connect(t);
  const { data, error } = await first(client.subscribe({ query: gql(EVENTS), variables: { since: '999999999' } }), () => true);
  assert.equal(data, undefined);
  assert.ok(CombinedGraphQLErrors.is(error), `${error}`);
  assert.deepEqual(error.errors.map(({ extensions }) => extensions.code), ['BAD_USER_INPUT']);
});

test('a token that is refused is told, and not tried again', async (t) => {
  let tries = 0;
  const { client } = connect(t, { token: 'nonsense', socket: { on: { connecting: () => (tries += 1) } } });
  const { error } = await first(client.subscribe({ query: gql(EVENTS) }), () => true);
  assert.match(error.message, /4403 Forbidden/);
  assert.equal(tries, 1);
});

test('each is shown what they may see', async (t) => {
  const { client } = connect(t, { token: driver });
  const events = client.subscribe({ query: gql(EVENTS), variables: { since: await latest() } });
  const arriving = first(events, () => true);
  await change(one); // somebody else's
  await change(demo);
  assert.equal((await arriving).data.interviewChanged.interview.id, demo);
});

test('after the server was away, what is shown is asked for again', async (t) => {
  const server = await OwnServer.start();
  let comeBack;
  const back = new Promise((resolve) => (comeBack = resolve));
  const { client, ws } = connect(t, { server, socket: { retryWait: () => back } });
  t.after(() => server.remove());
  ws.on('connected', (socket, payload, again) => again && client.refetchQueries({ include: 'active' }));

  const shown = client.watchQuery({ query: INTERVIEW, variables: { id: demo } });
  const watching = shown.subscribe(() => {});
  t.after(() => watching.unsubscribe());
  const events = client.subscribe({ query: gql(EVENTS) }).subscribe(() => {});
  t.after(() => events.unsubscribe());
  await first(shown, ({ data }) => data);

  await server.end('SIGTERM');
  await server.startAgain();
  const location = await change(demo, server);
  comeBack();
  await first(shown, ({ data }) => data?.interview.location === location);
});
