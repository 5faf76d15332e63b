// Apollo Client with subscriptions over a WebSocket and all else over HTTP, split as its documentation shows: events
// update the cache, errors reach the subscriber, and after a restart of the server the client refetches its active
// queries.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { EVENTS, UPDATE, changeLocation, latestCursor, shared } from './events.mjs';
import { TestServer } from './server-process.mjs';
import { driver, socketUrl } from './shared-server.mjs';

// Apollo's link and `graphql-ws` expect the browser's global.
globalThis.WebSocket ??= WebSocket;

// An interview that no other file changes, and one that the demo data of every server have.
const [one, demo] = ['52', '27'];

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

// Resolves with the first value that matches.
const first = (observable, matches) => new Promise((resolve, reject) => {
  const subscription = observable.subscribe({
    next: (value) => {
      if (!matches(value)) return;
      resolve(value);
      queueMicrotask(() => subscription.unsubscribe());
    },
    error: reject,
  });
});

test('an event updates the cache without a request', async (t) => {
  const { client, sent } = connect(t);
  const shown = client.watchQuery({ query: INTERVIEW, variables: { id: one } });
  await first(shown, ({ data }) => data);
  const events = client.subscribe({ query: gql(EVENTS), variables: { since: await latestCursor() } });
  const before = sent.http;

  const location = `Room ${randomUUID()}`;
  const showing = first(shown, ({ data }) => data?.interview.location === location);
  const arriving = first(events, ({ data }) => data.interviewChanged.interview.location === location);
  const variables = { id: one, location };
  // By another client, so that only the event can update the first one's cache.
  const other = connect(t).client;
  const { data } = await other.mutate({ mutation: gql(UPDATE), variables });
  assert.deepEqual(data.updateInterview.userErrors, []);

  const event = (await arriving).data.interviewChanged;
  assert.deepEqual([event.type, event.interview.id], ['UPDATED', one]);
  assert.equal((await showing).data.interview.version, event.interview.version);
  assert.equal(sent.http, before);
});

test('an error before execution is an error of the subscription', async (t) => {
  const { client } = connect(t);
  const events = client.subscribe({ query: gql(EVENTS), variables: { since: '999999999' } });
  const { data, error } = await first(events, () => true);
  assert.equal(data, undefined);
  assert.ok(CombinedGraphQLErrors.is(error), `${error}`);
  assert.deepEqual(error.errors.map(({ extensions }) => extensions.code), ['CURSOR_EXPIRED']);
});

test('a rejected token is reported and not retried', async (t) => {
  let tries = 0;
  const { client } = connect(t, { token: 'nonsense', socket: { on: { connecting: () => (tries += 1) } } });
  const { error } = await first(client.subscribe({ query: gql(EVENTS) }), () => true);
  assert.match(error.message, /4403 TOKEN_INVALID/);
  assert.equal(tries, 1);
});

test('a driver gets events of their own interviews only', async (t) => {
  const { client } = connect(t, { token: driver });
  const events = client.subscribe({ query: gql(EVENTS), variables: { since: await latestCursor() } });
  const arriving = first(events, () => true);
  await changeLocation(one); // another driver's
  await changeLocation(demo);
  assert.equal((await arriving).data.interviewChanged.interview.id, demo);
});

test('active queries are refetched after a reconnect', async (t) => {
  const server = await TestServer.start();
  let allowReconnect;
  const back = new Promise((resolve) => (allowReconnect = resolve));
  const { client, ws } = connect(t, { server, socket: { retryWait: () => back } });
  t.after(() => server.remove());
  ws.on('connected', (socket, payload, again) => again && client.refetchQueries({ include: 'active' }));

  const shown = client.watchQuery({ query: INTERVIEW, variables: { id: demo } });
  const watching = shown.subscribe(() => {});
  t.after(() => watching.unsubscribe());
  const events = client.subscribe({ query: gql(EVENTS) }).subscribe(() => {});
  t.after(() => events.unsubscribe());
  await first(shown, ({ data }) => data);

  await server.stop('SIGTERM');
  await server.restart();
  const location = await changeLocation(demo, server);
  allowReconnect();
  await first(shown, ({ data }) => data?.interview.location === location);
});
