// A platform that feeds the server: its backend sends a company, a member of staff, a driver and an application with
// the token of a service. The new member of staff books the application, and the driver accepts.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestServer } from './server-process.mjs';

let server;
before(async () => {
  server = await TestServer.start();
});
after(() => server?.remove());

/** The backend and the frontends of the platform: a token, and a function that sends an operation. */
const client = (token) => async (query, variables) => {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
};

const SYNC = {
  companies: ['syncCompanies', 'CompanyInput'],
  users: ['syncUsers', 'UserInput'],
  interviewees: ['syncInterviewees', 'IntervieweeInput'],
};

/** Sends the rows of one table in calls of 500; their outcomes. */
async function feed(service, table, rows) {
  const [field, input] = SYNC[table];
  const query = `mutation($rows: [${input}!]!) {
    sync: ${field}(${table}: $rows) { results { id outcome } userErrors { code message path } }
  }`;
  const outcomes = [];
  for (let from = 0; from < rows.length; from += 500) {
    const { sync } = await service(query, { rows: rows.slice(from, from + 500) });
    assert.deepEqual(sync.userErrors, []);
    outcomes.push(...sync.results.map(({ outcome }) => outcome));
  }
  return outcomes;
}

/** The rows of the platform's database. */
const sourceUpdatedAt = '2026-11-27T08:00:00+01:00';
const company = { id: '31', name: 'Alpine Transport', timeZone: 'Europe/Vienna', image: null };
const staff = { id: '5001', role: 'STAFF', companyId: '31', title: 'Vera Oss', manager: true };
const driver = { id: '5003', role: 'DRIVER', companyId: null, title: 'Timo Raab', phoneNumber: '+43 660 1' };
const application = { id: '7001', companyId: '31', driverId: '5003', kind: 'VERIFIED', title: 'Night shift' };
const stamped = (...rows) => rows.map((row) => ({ ...row, sourceUpdatedAt }));

test('rows of the platform become people who negotiate an interview', async () => {
  const service = client(server.token('service'));
  assert.deepEqual(await feed(service, 'companies', stamped(company)), ['WRITTEN']);
  assert.deepEqual(await feed(service, 'users', stamped(staff, driver)), ['WRITTEN', 'WRITTEN']);
  assert.deepEqual(await feed(service, 'interviewees', stamped(application)), ['WRITTEN']);

  const vera = client(await server.tokenOf(staff.id));
  const { viewer, interviewees } = await vera(`{
    viewer { title role manager timeZone company { name } }
    interviewees { nodes { id kind driver { title } } }
  }`);
  assert.deepEqual(viewer, {
    title: 'Vera Oss', role: 'STAFF', manager: true, timeZone: 'Europe/Vienna', company: { name: 'Alpine Transport' },
  });
  assert.deepEqual(interviewees.nodes, [{ id: '7001', kind: 'VERIFIED', driver: { title: 'Timo Raab' } }]);

  const input = {
    kind: 'VIDEO_CALL', startAt: '2031-03-05T09:00:00Z', endAt: '2031-03-05T09:30:00Z',
    intervieweeId: application.id, interviewerId: staff.id,
  };
  const { createInterview } = await vera(
    `mutation($input: CreateInterviewInput!) {
      createInterview(input: $input) { interview { id } userErrors { code } }
    }`,
    { input },
  );
  assert.deepEqual(createInterview.userErrors, []);

  const timo = client(await server.tokenOf(driver.id));
  const { acceptInterview } = await timo(
    'mutation($id: ID!) { acceptInterview(id: $id) { interview { status } userErrors { code } } }',
    { id: createInterview.interview.id },
  );
  assert.deepEqual(acceptInterview, { interview: { status: 'SCHEDULED' }, userErrors: [] });
});

test('a feed that is sent again changes nothing', async () => {
  const service = client(server.token('service'));
  const rows = Array.from({ length: 1200 }, (_, n) => ({ id: `${100_000 + n}`, role: 'DRIVER', title: `Driver ${n}` }));
  const first = await feed(service, 'users', stamped(...rows));
  assert.ok(first.length === 1200 && first.every((outcome) => outcome === 'WRITTEN'));
  const again = await feed(service, 'users', stamped(...rows.toReversed()));
  assert.ok(again.length === 1200 && again.every((outcome) => outcome === 'OUTDATED'));
});

test('a user who leaves is signed out with the next request', async () => {
  const service = client(server.token('service'));
  const token = await server.tokenOf(staff.id);
  await client(token)('{ viewer { id } }');
  const left = { id: staff.id, sourceUpdatedAt: '2026-11-27T09:00:00Z', deactivatedAt: '2026-11-27T09:00:00Z' };
  assert.deepEqual(await feed(service, 'users', [left]), ['WRITTEN']);
  await assert.rejects(() => client(token)('{ viewer { id } }'), /UNAUTHENTICATED/);
});
