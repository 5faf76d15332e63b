// The audits of the GraphQL over HTTP specification from npm's `graphql-http`, against a running server: all levels,
// MUST, SHOULD and MAY.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverAudits } from 'graphql-http';
import { url } from './shared-server.mjs';

const passed = { MUST: 0, SHOULD: 0, MAY: 0 };
const all = { ...passed };

for (const { id, name, fn } of serverAudits({ url })) {
  const [level] = name.split(' ');
  all[level] += 1;
  test(`${id} ${name}`, async () => {
    const { status, reason, response } = await fn();
    if (status !== 'ok') assert.fail(`${reason}: ${response.status}, ${response.headers.get('content-type')}`);
    passed[level] += 1;
  });
}

test('every audit of every level passes', (t) => {
  for (const level of Object.keys(all)) t.diagnostic(`${level}: ${passed[level]} of ${all[level]} audits pass`);
  assert.deepEqual(passed, all);
  assert.ok(Object.values(all).every((audits) => audits > 0));
});
