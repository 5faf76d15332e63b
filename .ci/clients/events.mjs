// What the tests of subscriptions share: making changes, reading the event log, and waiting for an event.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { staff, url } from './shared-server.mjs';

export const EVENTS = `
  subscription ($filter: InterviewFilter, $since: ID) {
    interviewChanged(filter: $filter, since: $since) {
      id
      cursor
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

export async function request(server, query, variables) {
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

/** Gives an interview a new, unique location, and returns it. */
export async function changeLocation(id, server = shared) {
  const location = `Room ${randomUUID()}`;
  const { updateInterview } = await request(server, UPDATE, { id, location });
  assert.deepEqual(updateInterview.userErrors, []);
  return location;
}

/** The cursors of all events after `since`, in order, read page by page as a client without a WebSocket does. */
export async function eventCursors(server = shared, since = '0') {
  const query = `query ($since: ID!) {
    interviewChanges(since: $since, first: 100) { nodes { cursor } pageInfo { hasNextPage } }
  }`;
  const cursors = [];
  for (let more = true; more; ) {
    const { interviewChanges } = await request(server, query, { since: cursors.at(-1) ?? since });
    cursors.push(...interviewChanges.nodes.map(({ cursor }) => cursor));
    more = interviewChanges.pageInfo.hasNextPage;
  }
  return cursors;
}

let latestKnown = '0';

/** The cursor of the latest event: with it as `since`, a subscription gets every later event, however late it opens. */
export async function latestCursor() {
  latestKnown = (await eventCursors(shared, latestKnown)).at(-1) ?? latestKnown;
  return latestKnown;
}

/** The next event about this interview. Tests of other files change other interviews at the same time. */
export async function nextEventOf(id, results) {
  for (;;) {
    const { value, done } = await results.next();
    assert.equal(done, false, 'the subscription ended');
    assert.equal(value.errors, undefined);
    if (value.data.interviewChanged.interview.id === id) return value.data.interviewChanged;
  }
}
