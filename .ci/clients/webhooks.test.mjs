// Webhooks that a server sends, and libraries of Standard Webhooks that verify them: those of npm and of PyPI. The
// bodies are valid by docs/webhooks.schema.json. PYTHON has the library of PyPI.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { buffer } from 'node:stream/consumers';
import Ajv from 'ajv/dist/2020.js';
import { Webhook } from 'standardwebhooks';
import { TestServer, setting } from './server-process.mjs';

let server, receiver;
const received = [];
let arrived = () => {};

before(async () => {
  server = await TestServer.start();
  receiver = createServer(async (request, response) => {
    const body = (await buffer(request)).toString();
    received.push({ headers: request.headers, body });
    // The first attempt of each message fails.
    const attempts = received.filter(({ headers }) => headers['webhook-id'] === request.headers['webhook-id']);
    response.writeHead(attempts.length === 1 ? 503 : 204).end();
    arrived();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
});
after(async () => {
  receiver?.closeAllConnections();
  receiver?.close();
  await server?.remove();
});

async function admin(query) {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.token('admin')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  for (const { userErrors } of Object.values(data)) assert.deepEqual(userErrors ?? [], []);
  return data;
}

/** Waits until so many deliveries have arrived. */
async function until(count) {
  while (received.length < count) await new Promise((resolve) => (arrived = resolve));
}

test('libraries verify every delivery, with both secrets during a rotation', async () => {
  const url = `http://127.0.0.1:${receiver.address().port}/hooks`;
  const { createWebhook } = await admin(
    `mutation { createWebhook(input: { url: "${url}" }) { secret webhook { id } userErrors { code message } } }`,
  );
  const { secret, webhook } = createWebhook;
  const { interviews } = await admin('{ interviews(first: 1, filter: { status: [PENDING] }) { nodes { id } } }');
  const change = (location) =>
    admin(`mutation {
      updateInterview(id: ${interviews.nodes[0].id}, input: { location: "${location}" }) { userErrors { code } }
    }`);
  await change('Gate 2 – Tor Süd');
  await admin(`mutation { testWebhook(id: ${webhook.id}) { userErrors { code } } }`);
  // Both fail once, and arrive again after five seconds.
  await until(4);
  const { rotateWebhookSecret } = await admin(
    `mutation { rotateWebhookSecret(id: ${webhook.id}) { secret userErrors { code } } }`,
  );
  await change('Gate 3');
  await until(6);

  const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(
    JSON.parse(await readFile(new URL('../../docs/webhooks.schema.json', import.meta.url))),
  );
  const both = [secret, rotateWebhookSecret.secret];
  const expected = received.map((_, index) => (index < 4 ? [secret] : both));
  for (const [index, { headers, body }] of received.entries()) {
    for (const secret of expected[index]) {
      assert.deepEqual(new Webhook(secret).verify(body, headers), JSON.parse(body));
      assert.throws(() => new Webhook(secret).verify(body.replace('}', ' }'), headers), /No matching signature/);
    }
    assert.ok(validate(JSON.parse(body)), JSON.stringify(validate.errors));
  }
  const ids = new Map();
  for (const { headers, body } of received) {
    const id = headers['webhook-id'];
    ids.set(id, [...(ids.get(id) ?? []), body]);
  }
  assert.equal(ids.size, 3);
  for (const bodies of ids.values()) assert.equal(bodies[0], bodies[1]);

  const deliveries = received.map((delivery, index) => ({ ...delivery, secrets: expected[index] }));
  const script = new URL('verify_webhooks.py', import.meta.url).pathname;
  const output = execFileSync(setting('PYTHON'), [script], { input: JSON.stringify(deliveries) });
  assert.equal(`${output}`, 'verified 8\n');
});
