// The screens of staff and of a driver, who negotiate an interview: two pages as docs/guide/web-page.md sets them up,
// each with a cache and a WebSocket of its own. A screen is drawn from its cache alone, which events correct.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { gql } from '@apollo/client';
import { TestServer } from './server-process.mjs';
import { Arrivals, extract, openPage } from './web-page.mjs';

// Jude Howell's application and an interviewer, and another driver's application, of the demo data of every server.
const [intervieweeId, interviewerId, otherIntervieweeId] = ['277', '1001', '1003'];

const FIELDS = gql`
  fragment Fields on Interview {
    id
    status
    awaiting
    startAt
    amendStartAt
    amendedBy
    location
    availableActions
    version
  }
`;

const SCREEN = gql`
  query Screen($filter: InterviewFilter) {
    changesCursor
    interviews(first: 100, filter: $filter) {
      nodes { ...Fields }
    }
  }
  ${FIELDS}
`;

const CHANGED = gql`
  subscription Changed($filter: InterviewFilter, $since: ID!) {
    interviewChanged(filter: $filter, since: $since) {
      cursor
      type
      actorSide
      interviewId
      matches
      interview { ...Fields }
    }
  }
  ${FIELDS}
`;

const HISTORY = gql`
  query History($id: ID!) {
    interview(id: $id) {
      id
      history {
        nodes { id type actorSide actor { id title } }
      }
    }
  }
`;

/** A mutation of `InterviewPayload`; its interview. */
async function change(page, mutation, declarations, args, variables) {
  const { data } = await page.apollo.apollo.mutate({
    mutation: gql`
      mutation Change(${declarations}) {
        change: ${mutation}(${args}) {
          interview { ...Fields }
          eventId
          userErrors { __typename code message path }
        }
      }
      ${FIELDS}
    `,
    variables,
  });
  assert.deepEqual(data.change.userErrors, []);
  return data.change.interview;
}

const create = (page, startAt, endAt) =>
  change(page, 'createInterview', '$input: CreateInterviewInput!', 'input: $input', {
    input: { kind: 'VIDEO_CALL', startAt, endAt, intervieweeId, interviewerId },
  });
const propose = (page, { id }, startAt, endAt, as) =>
  change(page, 'amendInterview', '$id: ID!, $input: AmendInterviewInput!', 'id: $id, input: $input', {
    id,
    input: { startAt, endAt, ...(as && { as }) },
  });
const accept = (page, { id, version }) =>
  change(page, 'acceptInterview', '$id: ID!, $version: Int!', 'id: $id, expectedVersion: $version', { id, version });
const update = (page, { id }, input) =>
  change(page, 'updateInterview', '$id: ID!, $input: UpdateInterviewInput!', 'id: $id, input: $input', { id, input });

/** What a page shows of the interviews that a filter matches, live. */
class Screen {
  drawn = new Arrivals();
  events = new Arrivals();

  static async open(t, page, filter) {
    const screen = new Screen();
    const { apollo } = page.apollo;
    const list = apollo.watchQuery({ query: SCREEN, variables: { filter }, fetchPolicy: 'network-only' });
    const drawing = list.subscribe(({ data }) => data?.interviews && screen.drawn.add(data.interviews.nodes));
    await screen.drawn.until((drawn) => drawn.length > 0);
    const since = apollo.readQuery({ query: SCREEN, variables: { filter } }).changesCursor;
    const events = apollo.subscribe({ query: CHANGED, variables: { filter, since } }).subscribe(({ data, error }) => {
      if (error) throw error;
      const event = data.interviewChanged;
      screen.events.add(event);
      // What is shown, the event has corrected. What is new, or has left, changes the list.
      const belongs = event.interview !== null && event.matches;
      if (belongs !== (screen.shows(event.interviewId) !== undefined)) list.refetch();
    });
    t.after(() => {
      events.unsubscribe();
      drawing.unsubscribe();
    });
    return screen;
  }

  shows(id) {
    return this.drawn.list.at(-1).find((interview) => interview.id === id);
  }

  /** Waits until it shows this interview like that, and returns it. */
  async until(id, expected) {
    const is = (interview) => interview && Object.entries(expected).every(([key, value]) => interview[key] === value);
    await this.drawn.until(() => is(this.shows(id)));
    return this.shows(id);
  }

  async untilGone(id) {
    await this.drawn.until(() => !this.shows(id));
  }

  /** Fails unless exactly these events about an interview arrive. Its state can be shown before the last of them. */
  async expectEvents(id, expected) {
    const events = () => this.events.list.filter(({ interviewId }) => interviewId === id);
    await this.events.until(() => events().length >= expected.length);
    assert.deepEqual(events().map(({ type, actorSide }) => `${type} ${actorSide}`), expected);
  }
}

let server;
let root;
let staff;
let driver;
let admin;

before(async () => {
  server = await TestServer.start('--viewer-ttl', '100ms');
  root = await extract(server);
  staff = await openPage(root, 'staff', () => server.token('staff'));
  driver = await openPage(root, 'driver', () => server.token('driver'));
  admin = await openPage(root, 'admin', () => server.token('admin'));
});

after(async () => {
  for (const page of [staff, driver, admin]) await page?.close();
  await server?.remove();
  await rm(root, { recursive: true, force: true });
});

const open = (t, page, day) =>
  Screen.open(t, page, { startAt: { gte: `${day}T00:00:00.000Z`, lt: `${day}T23:00:00.000Z` } });

test('an interview is negotiated on two screens', async (t) => {
  const day = '2031-05-06';
  const [ofStaff, ofDriver] = [await open(t, staff, day), await open(t, driver, day)];

  const { id } = await create(staff, `${day}T09:00:00Z`, `${day}T09:30:00Z`);
  const booked = await ofDriver.until(id, { status: 'PENDING', awaiting: 'INTERVIEWEE' });
  assert.deepEqual(booked.availableActions, ['AMEND', 'ACCEPT', 'REJECT']);

  await propose(driver, booked, `${day}T14:00:00Z`, `${day}T14:30:00Z`);
  const proposed = await ofStaff.until(id, { status: 'AMENDED', awaiting: 'INTERVIEWER', amendedBy: 'INTERVIEWEE' });
  assert.equal(proposed.amendStartAt, `${day}T14:00:00.000Z`);
  assert.ok(proposed.availableActions.includes('ACCEPT'));

  await propose(staff, proposed, `${day}T15:00:00Z`, `${day}T15:30:00Z`);
  const countered = await ofDriver.until(id, { amendedBy: 'INTERVIEWER', amendStartAt: `${day}T15:00:00.000Z` });
  await accept(driver, countered);
  for (const screen of [ofStaff, ofDriver]) {
    const agreed = await screen.until(id, { status: 'SCHEDULED', awaiting: null });
    assert.equal(agreed.startAt, `${day}T15:00:00.000Z`);
  }

  const story = ['CREATED INTERVIEWER', 'AMENDED INTERVIEWEE', 'AMENDED INTERVIEWER', 'ACCEPTED INTERVIEWEE'];
  for (const screen of [ofStaff, ofDriver]) await screen.expectEvents(id, story);
});

test('both screens catch up after the server has restarted in the middle', async (t) => {
  const day = '2031-05-13';
  const [ofStaff, ofDriver] = [await open(t, staff, day), await open(t, driver, day)];
  const { id } = await create(staff, `${day}T09:00:00Z`, `${day}T09:30:00Z`);
  await ofDriver.until(id, { status: 'PENDING' });
  for (const [round, signal] of [[1, 'SIGTERM'], [2, 'SIGKILL']]) {
    await server.stop(signal);
    await server.restart();
    // Over HTTP, while the WebSockets connect again.
    await update(staff, { id }, { location: `Gate ${round}` });
    await propose(driver, { id }, `${day}T14:0${round}:00Z`, `${day}T14:30:00Z`);
    for (const screen of [ofStaff, ofDriver]) {
      await screen.until(id, { location: `Gate ${round}`, amendStartAt: `${day}T14:0${round}:00.000Z` });
    }
  }
  const round = ['UPDATED INTERVIEWER', 'AMENDED INTERVIEWEE'];
  for (const screen of [ofStaff, ofDriver]) {
    await screen.expectEvents(id, ['CREATED INTERVIEWER', ...round, ...round]);
  }
});

test('a screen goes on with a fresh token when its token expires', async (t) => {
  const day = '2031-06-10';
  let token = await server.tokenThatExpiresIn(4);
  const expiring = await openPage(root, 'expiring', () => token);
  t.after(expiring.close);
  const screen = await open(t, expiring, day);
  const closed = new Promise((resolve) => expiring.connection.socket.on('closed', resolve));
  const { id } = await create(staff, `${day}T09:00:00Z`, `${day}T09:30:00Z`);
  await screen.until(id, { status: 'PENDING' });

  assert.equal((await closed).code, 4403);
  token = server.staff;
  await update(staff, { id }, { location: 'Gate 2' });
  await screen.until(id, { location: 'Gate 2' });
  await screen.expectEvents(id, ['CREATED INTERVIEWER', 'UPDATED INTERVIEWER']);
});

test('an interview leaves the screens of those to whom it does not belong any more', async (t) => {
  const day = '2031-05-27';
  const [ofStaff, ofDriver] = [await open(t, staff, day), await open(t, driver, day)];
  const { id } = await create(staff, `${day}T09:00:00Z`, `${day}T09:30:00Z`);
  for (const screen of [ofStaff, ofDriver]) await screen.until(id, { status: 'PENDING' });

  await update(staff, { id }, { startAt: '2031-05-28T09:00:00Z', endAt: '2031-05-28T09:30:00Z' });
  for (const screen of [ofStaff, ofDriver]) await screen.untilGone(id);
  await update(staff, { id }, { startAt: `${day}T11:00:00Z`, endAt: `${day}T11:30:00Z` });
  for (const screen of [ofStaff, ofDriver]) await screen.until(id, { startAt: `${day}T11:00:00.000Z` });

  await update(staff, { id }, { intervieweeId: otherIntervieweeId });
  await ofDriver.untilGone(id);
  await update(staff, { id }, { location: 'Gate 2' });
  await ofStaff.until(id, { location: 'Gate 2' });
  assert.equal(ofDriver.shows(id), undefined);
});

test('a history shows for which side each event was, also of one user who acts for both', async () => {
  const day = '2031-05-20';
  const interview = await create(staff, `${day}T09:00:00Z`, `${day}T09:30:00Z`);
  await propose(admin, interview, `${day}T10:00:00Z`, `${day}T10:30:00Z`, 'INTERVIEWEE');
  await propose(admin, interview, `${day}T11:00:00Z`, `${day}T11:30:00Z`, 'INTERVIEWER');
  const { apollo } = staff.apollo;
  const { data } = await apollo.query({ query: HISTORY, variables: { id: interview.id } });
  const shown = data.interview.history.nodes.map(({ type, actor, actorSide }) => [type, actor.title, actorSide]);
  assert.deepEqual(shown, [
    ['CREATED', 'Mona Berg', 'INTERVIEWER'],
    ['AMENDED', 'Ada Prentice', 'INTERVIEWEE'],
    ['AMENDED', 'Ada Prentice', 'INTERVIEWER'],
  ]);
});
