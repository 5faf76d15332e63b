// GraphiQL in a real browser, against a running `interviews dev`:
//
//     npm ci
//     EXPLORER_URL=http://127.0.0.1:8000/graphql DRIVER_TOKEN=… npm test
//
// DRIVER_TOKEN is the driver's token as `dev` prints it, CHROMIUM the path of the browser (/usr/bin/chromium),
// SCREENSHOT a file to write a screenshot to. The test changes the demo interview: use a database that nothing else
// uses.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const url = new URL(process.env.EXPLORER_URL ?? 'http://127.0.0.1:8000/graphql');

let browser;
let page;
const problems = [];

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  page = await context.newPage();
  page.setDefaultTimeout(15_000);

  const sameOrigin = (address) => {
    const { protocol, host } = new URL(address);
    return protocol === 'data:' || (/^(http|ws)s?:$/.test(protocol) && host === url.host);
  };
  page.on('request', (request) => {
    if (!sameOrigin(request.url())) problems.push(`request to ${request.url()}`);
  });
  page.on('websocket', (socket) => {
    if (!sameOrigin(socket.url())) problems.push(`socket to ${socket.url()}`);
  });
  page.on('requestfailed', (request) => problems.push(`failed: ${request.url()}`));
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`);
  });
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  await page.exposeFunction('reportViolation', (what) => problems.push(`CSP: ${what}`));
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      window.reportViolation(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
});

after(() => browser?.close());

const panes = {
  query: '.graphiql-query-editor .CodeMirror',
  variables: '.graphiql-editor-tool .graphiql-editor >> nth=0 >> .CodeMirror',
  headers: '.graphiql-editor-tool .graphiql-editor >> nth=1 >> .CodeMirror',
  result: '.result-window .CodeMirror',
};
// From CodeMirror's model: the page contains only the visible lines.
const textOf = (pane) => page.locator(panes[pane]).evaluate((it) => it.CodeMirror.getValue());

async function open() {
  const introspected = page.waitForResponse((response) =>
    response.request().postData()?.includes('IntrospectionQuery'),
  );
  await page.goto(url.href);
  await page.locator(panes.query).waitFor();
  await introspected;
}

async function run() {
  await page.getByRole('button', { name: /^Execute query/ }).click();
  const spinner = page.locator('.graphiql-spinner');
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
    const result = await textOf('result');
    if (result !== '' && (await spinner.count()) === 0) return JSON.parse(result);
    await page.waitForTimeout(50);
  }
  throw new Error('no result');
}

const write = (pane, text) => page.locator(panes[pane]).evaluate((it, text) => it.CodeMirror.setValue(text), text);
const authorize = (token) => write('headers', JSON.stringify({ Authorization: `Bearer ${token}` }));

async function tokenInHeaders() {
  const [, token] = /^Bearer (\S+)$/.exec(JSON.parse(await textOf('headers')).Authorization);
  return token;
}

// A request outside the page, as by another client.
async function request(token, query, variables) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  return data;
}

function assertNoProblems() {
  assert.deepEqual(problems, []);
}

test('the page opens with the first example and a token', async () => {
  await open();
  assert.equal(await page.title(), 'Interviews · GraphiQL');
  assert.match(await textOf('query'), /^query Interviews/m);
  assert.equal(JSON.parse(await textOf('variables')).first, 10);
  await page.getByRole('button', { name: 'Headers', exact: true }).click();
  assert.ok(await tokenInHeaders());
  assertNoProblems();
});

test('the list query returns interviews with their people', async () => {
  const { data, errors } = await run();
  assert.equal(errors, undefined);
  const [interview] = data.interviews.nodes;
  assert.ok(interview.interviewee.driver.title);
  assert.ok(interview.interviewer.title);
  assertNoProblems();
});

test('the example mutation changes an interview', async () => {
  await page.getByRole('button', { name: 'UpdateInterview' }).click();
  await page.getByRole('button', { name: 'Variables', exact: true }).click();
  const { input } = JSON.parse(await textOf('variables'));

  const { data, errors } = await run();
  assert.equal(errors, undefined);
  assert.deepEqual(data.updateInterview.userErrors, []);
  assert.equal(data.updateInterview.interview.location, input.location);
  assert.match(await textOf('result'), /"userErrors": \[\]/);
  assertNoProblems();
});

test('an operation can be executed at once after a change of tabs', async () => {
  for (const tab of ['Interviews', 'UpdateInterview']) {
    const button = await page.getByRole('button', { name: tab, exact: true }).elementHandle();
    const result = page.waitForResponse((response) => response.request().method() === 'POST');
    await page.evaluate(
      ([button, execute]) => {
        button.click();
        execute.click();
      },
      [button, await page.locator('.graphiql-execute-button').elementHandle()],
    );
    const { errors } = await (await result).json();
    assert.equal(errors, undefined);
  }
  await run();
  assertNoProblems();
});

test('dialogs and documentation do not violate the content security policy', async () => {
  // The dialog adds the only style element whose hash the policy allows.
  await page.getByRole('button', { name: 'Open settings dialog' }).click();
  await page.getByRole('dialog').waitFor();
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).position), 'relative');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.getByRole('link', { name: 'Mutation', exact: true }).click();
  await page.getByRole('link', { name: 'updateInterview', exact: true }).waitFor();
  assertNoProblems();
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
});

test('a later visit restores the tabs, and no token was stored', async () => {
  const token = await tokenInHeaders();
  await page.waitForTimeout(1_000); // GraphiQL stores its state after half a second.
  const stored = await page.evaluate(() => JSON.stringify(localStorage));
  assert.match(stored, /UpdateInterview/);
  assert.ok(!stored.includes(token));

  await open();
  assert.equal(await page.getByRole('tab').count(), 3);
  assert.match(await textOf('query'), /^mutation UpdateInterview/m);
  assert.ok(await tokenInHeaders());
  assert.deepEqual((await run()).data.updateInterview.userErrors, []);
  assertNoProblems();
});

test('a subscription shows changes by other clients, as the viewer of the token, until it is stopped', async () => {
  const staff = await tokenInHeaders();
  await page.getByRole('tab').getByRole('button', { name: 'InterviewChanged' }).click();
  for (const [token, mayUpdate] of [[staff, true], [process.env.DRIVER_TOKEN, false]]) {
    const { interview } = await request(staff, '{ interview(id: 27) { history(first: 100) { nodes { cursor } } } }');
    await authorize(token);
    // With `since`, the result does not depend on whether the subscription or the change comes first.
    await write('variables', JSON.stringify({ since: interview.history.nodes.at(-1).cursor }));
    const opened = page.waitForEvent('websocket');
    await page.getByRole('button', { name: /^Execute query/ }).click();
    const socket = await opened;
    const closed = socket.waitForEvent('close');

    const location = `https://meet.example.com/${randomUUID()}`;
    const update = `mutation ($location: String!) {
      updateInterview(id: 27, input: { location: $location }) { userErrors { code } }
    }`;
    const { updateInterview } = await request(staff, update, { location });
    assert.deepEqual(updateInterview.userErrors, []);

    await page.locator('.result-window').getByText(location).first().waitFor();
    const { interviewChanged } = JSON.parse(await textOf('result')).data;
    assert.equal(interviewChanged.type, 'UPDATED');
    assert.equal(interviewChanged.interview.location, location);
    assert.equal(interviewChanged.interview.availableActions.includes('UPDATE'), mayUpdate);

    await page.getByRole('button', { name: /^Stop query/ }).click();
    await closed;
  }
  assertNoProblems();
});

test('a subscription without a valid token reports UNAUTHENTICATED and opens no WebSocket', async () => {
  let sockets = 0;
  page.on('websocket', () => (sockets += 1));
  for (const token of ['nonsense', '']) {
    await authorize(token);
    const { errors } = await run();
    assert.equal(errors[0].extensions.code, 'UNAUTHENTICATED');
  }
  assert.equal(sockets, 0);
  assertNoProblems();
});
