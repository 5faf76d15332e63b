// Apollo Client against a running server: queries, mutations with user errors, Relay pagination in its cache,
// persisted queries, batches, errors. The tests look at the HTTP messages, too, not only at the client's results.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { BatchHttpLink } from '@apollo/client/link/batch-http';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { relayStylePagination } from '@apollo/client/utilities';
import { admin, driver, staff, url } from './shared-server.mjs';

// A client, and a record of its HTTP requests and responses.
function connect({ token = staff, link = (options) => new HttpLink(options) } = {}) {
  const wire = [];
  const watchedFetch = async (address, options) => {
    const response = await fetch(address, options);
    wire.push({
      method: options.method,
      sent: options.body ? JSON.parse(options.body) : Object.fromEntries(new URL(address).searchParams),
      status: response.status,
      type: response.headers.get('content-type'),
      answer: await response.clone().json(),
    });
    return response;
  };
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const cache = new InMemoryCache({
    possibleTypes: { UserError: ['ValidationError', 'StaleVersionError'] }, // those that occur in these tests
    typePolicies: { Query: { fields: { interviews: relayStylePagination(['filter', 'orderBy']) } } },
  });
  return { client: new ApolloClient({ link: link({ uri: url, fetch: watchedFetch, headers }), cache }), wire };
}

const INTERVIEW = gql`
  query Interview($id: ID!) {
    interview(id: $id) {
      id
      status
      startAt
      location
      version
      interviewee {
        id
        driver {
          id
          title
        }
      }
      interviewer {
        id
        title
      }
    }
  }
`;

const UPDATE = gql`
  mutation Update($id: ID!, $input: UpdateInterviewInput!, $expectedVersion: Int) {
    updateInterview(id: $id, input: $input, expectedVersion: $expectedVersion) {
      interview {
        id
        location
        version
      }
      userErrors {
        code
        message
        path
        ... on StaleVersionError {
          current {
            id
            version
          }
        }
      }
    }
  }
`;

const PAGE = gql`
  query Page($first: Int, $after: String, $last: Int, $before: String) {
    interviews(first: $first, after: $after, last: $last, before: $before) {
      totalCount
      edges {
        cursor
        node {
          id
          startAt
        }
      }
      pageInfo {
        hasPreviousPage
        hasNextPage
        startCursor
        endCursor
      }
    }
  }
`;

const demo = { id: '27' };

test('each token belongs to a viewer of its role', async () => {
  for (const [role, token] of Object.entries({ ADMIN: admin, STAFF: staff, DRIVER: driver })) {
    const { client } = connect({ token });
    const { data } = await client.query({ query: gql`{ viewer { id role title } }` });
    assert.equal(data.viewer.role, role);
  }
});

test('an interview is fetched with its people once, then read from the cache', async () => {
  const { client, wire } = connect();
  const { data } = await client.query({ query: INTERVIEW, variables: demo });
  assert.equal(data.interview.interviewee.driver.title, 'Jude Howell');
  assert.match(data.interview.startAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(wire[0].status, 200);
  assert.equal(wire[0].type, 'application/graphql-response+json; charset=utf-8');

  await client.query({ query: INTERVIEW, variables: demo });
  assert.equal(wire.length, 1);
});

test('a mutation updates the cached results of other queries', async () => {
  const { client, wire } = connect();
  const read = () => client.readQuery({ query: INTERVIEW, variables: demo }).interview;
  await client.query({ query: INTERVIEW, variables: demo });
  const { version } = read();

  const location = `Room ${randomUUID()}`;
  const variables = { ...demo, input: { location }, expectedVersion: version };
  const { data } = await client.mutate({ mutation: UPDATE, variables });
  assert.deepEqual(data.updateInterview.userErrors, []);
  assert.equal(read().location, location);
  assert.equal(read().version, version + 1);
  assert.equal(wire.length, 2);
});

test('errors that the user can fix are data', async () => {
  const { client } = connect();
  const update = async (variables) => {
    const { data } = await client.mutate({ mutation: UPDATE, variables: { ...demo, ...variables } });
    assert.equal(data.updateInterview.interview, null);
    return data.updateInterview.userErrors;
  };
  const backwards = { startAt: '2025-03-20T10:00:00Z', endAt: '2025-03-20T09:00:00+00:00', kind: null };
  const errors = await update({ input: backwards });
  assert.deepEqual(errors.map(({ code, path }) => [code, path]).sort(), [
    ['END_NOT_AFTER_START', ['input', 'endAt']],
    ['NULL_NOT_ALLOWED', ['input', 'kind']],
  ]);
  assert.equal(errors[0].__typename, 'ValidationError');

  const [stale] = await update({ input: { location: 'elsewhere' }, expectedVersion: 0 });
  assert.equal(stale.code, 'STALE_VERSION');
  assert.equal(stale.current.id, demo.id);
});

test('Relay pages, forward and backward, merge into one list with every interview once', async () => {
  const size = 60;
  const collect = async (first, next) => {
    const { client, wire } = connect();
    const query = client.watchQuery({ query: PAGE, variables: first });
    const shown = new Promise((resolve) => {
      query.subscribe(({ data }) => data?.interviews.edges.length === data?.interviews.totalCount && resolve());
    });
    const read = () => client.readQuery({ query: PAGE, variables: first }).interviews;

    await client.query({ query: PAGE, variables: first });
    for (let variables; (variables = next(read().pageInfo)); ) await query.fetchMore({ variables });
    await shown;
    query.stop();

    const { edges, totalCount } = read();
    assert.ok(totalCount > 3 * size);
    assert.equal(wire.length, Math.ceil(totalCount / size));
    assert.equal(edges.length, totalCount);
    assert.equal(new Set(edges.map(({ node }) => node.id)).size, totalCount);
    return edges;
  };
  const forward = await collect({ first: size }, (it) => it.hasNextPage && { first: size, after: it.endCursor });
  const backward = await collect({ last: size }, (it) => it.hasPreviousPage && { last: size, before: it.startCursor });
  assert.deepEqual(forward, backward);
  const times = forward.map(({ node }) => node.startAt);
  assert.deepEqual(times, times.toSorted());
});

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const persisted = (how) => (options) => new PersistedQueryLink({ sha256, ...how }).concat(new HttpLink(options));
// A new name makes a document that the server has not cached.
const newName = () => `New_${randomUUID().replaceAll('-', '')}`;

for (const useGETForHashedQueries of [false, true]) {
  const method = useGETForHashedQueries ? 'GET' : 'POST';

  test(`a persisted query is sent in full once, then by its hash: ${method}`, async () => {
    const link = persisted({ useGETForHashedQueries });
    const query = gql`query ${newName()}($id: ID!) { interview(id: $id) { id status } }`;
    const ask = ({ client }) => client.query({ query, variables: demo, fetchPolicy: 'no-cache' });

    const [first, second] = [connect({ link }), connect({ link })];
    assert.equal((await ask(first)).data.interview.id, demo.id);
    assert.equal((await ask(first)).data.interview.id, demo.id);
    assert.equal((await ask(second)).data.interview.id, demo.id);

    const messages = [...first.wire, ...second.wire].map(({ method, sent, answer }) => {
      return [method, 'query' in sent, answer.errors?.[0].extensions.code ?? 'data'];
    });
    assert.deepEqual(messages, [
      [method, false, 'PERSISTED_QUERY_NOT_FOUND'],
      ['POST', true, 'data'],
      [method, false, 'data'],
      [method, false, 'data'],
    ]);
    assert.equal(second.wire[0].status, 200);
    assert.ok(second.wire[0].sent.extensions);
  });
}

test('a persisted mutation is sent by POST, the second time by its hash alone', async () => {
  const { client, wire } = connect({ link: persisted({ useGETForHashedQueries: true }) });
  const mutation = gql`mutation ${newName()}($id: ID!) { updateInterview(id: $id, input: {}) { userErrors { code } } }`;
  for (let times = 0; times < 2; times += 1) {
    const { data } = await client.mutate({ mutation, variables: demo });
    assert.deepEqual(data.updateInterview.userErrors, []);
  }
  assert.deepEqual(
    wire.map(({ method, sent }) => [method, 'query' in sent]),
    [
      ['POST', false],
      ['POST', true],
      ['POST', false],
    ],
  );
});

test('operations that start together share one batch request', async () => {
  const { client, wire } = connect({ link: (options) => new BatchHttpLink(options) });
  const [{ data: one }, { data: other }] = await Promise.all([
    client.query({ query: INTERVIEW, variables: demo }),
    client.query({ query: gql`{ viewer { id } }` }),
  ]);
  assert.equal(one.interview.id, demo.id);
  assert.equal(other.viewer.id, '1000');
  assert.equal(wire.length, 1);
  assert.equal(wire[0].sent.length, 2);
});

const failing = async (options, text, variables) => {
  const { client, wire } = connect(options);
  let error;
  await client.query({ query: gql(text), variables }).catch((it) => (error = it));
  assert.ok(CombinedGraphQLErrors.is(error), `${error}`);
  assert.equal(error.errors[0].message.length > 0, true);
  return { codes: error.errors.map(({ extensions }) => extensions.code), status: wire.at(-1).status, wire };
};

test('Apollo reports errors with their codes', async () => {
  const viewer = '{ viewer { id } }';
  for (const [expected, status, ...request] of [
    ['UNAUTHENTICATED', 401, { token: null }, viewer],
    ['UNAUTHENTICATED', 401, { token: 'nonsense' }, viewer],
    ['GRAPHQL_VALIDATION_FAILED', 400, {}, '{ viewer { nonsense } }'],
    ['BAD_USER_INPUT', 400, {}, 'query ($id: ID!) { interview(id: $id) { id } }', { id: null }],
    ['FORBIDDEN', 200, { token: driver }, '{ interviewers { totalCount } }'],
  ]) {
    const { codes, status: got } = await failing(...request);
    assert.deepEqual([codes, got], [[expected], status]);
  }
});

test('an invalid document is rejected and not cached', async () => {
  const options = { link: persisted() };
  const text = `query ${newName()} { nonsense }`;
  for (let times = 0; times < 2; times += 1) {
    const { codes, wire } = await failing(options, text);
    assert.deepEqual(codes, ['GRAPHQL_VALIDATION_FAILED']);
    assert.equal(wire[0].answer.errors[0].extensions.code, 'PERSISTED_QUERY_NOT_FOUND');
  }
});
