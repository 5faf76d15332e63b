// What the tests of subscriptions have in common: changes, the log that tells of them, and looking for them among what arrives.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { staff, url } from './server.mjs';

export const EVENTS = `
  subscription ($filter: InterviewFilter, $since: ID) {
    interviewChanged(filter: $filter, since: $since) {
      id
      type
      interview {
        id
        location
        version
      }
    }
  }
`;

export const UPDATE = `
  mutation ($id: ID!, $location: String!) {
    updateInterview(id: $id, input: { location: $location }) {
      interview {
        id
      }
      userErrors {
        code
      }
    }
  }
`;

export async function ask(server, query, variables) {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${server.staff}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  return data;
}

export const shared = { url, staff };

/** Changes an interview to a location that it never had, and says which. */
export async function change(id, server = shared) {
  const location = `Room ${randomUUID()}`;
  const { updateInterview } = await ask(server, UPDATE, { id, location });
  assert.deepEqual(updateInterview.userErrors, []);
  return location;
}

/** The ids of all events that there are, in their order: those of a page at a time, as a client without a socket reads them. */
export async function log(server = shared, since = '0') {
  const query = '($since: ID!) { interviewChanges(since: $since, first: 100) { nodes { id } pageInfo { hasNextPage } } }';
  const ids = [];
  for (let more = true; more; ) {
    const { interviewChanges } = await ask(server, `query ${query}`, { since: ids.at(-1) ?? since });
    ids.push(...interviewChanges.nodes.map(({ id }) => id));
    more = interviewChanges.pageInfo.hasNextPage;
  }
  return ids;
}

let known = '0';

/** The last event that there is: whoever begins there misses nothing that is done next, however long the beginning takes. */
export async function latest() {
  known = (await log(shared, known)).at(-1) ?? known;
  return known;
}

/** The next event about this interview: others happen as well, the tests of other files see to that. */
export async function nextOf(id, results) {
  for (;;) {
    const { value, done } = await results.next();
    assert.equal(done, false, 'the subscription has ended');
    assert.equal(value.errors, undefined);
    if (value.data.interviewChanged.interview.id === id) return value.data.interviewChanged;
  }
}
