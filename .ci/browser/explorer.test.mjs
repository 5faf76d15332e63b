// GraphiQL in a real browser, against a running `interviews dev`:
//
//     npm ci
//     EXPLORER_URL=http://127.0.0.1:8000/graphql npm test
//
// CHROMIUM names the browser (/usr/bin/chromium); SCREENSHOT, a file for a picture of the end.
// The test changes the demo interview, so it wants a database of its own.

import assert from 'node:assert/strict';
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
// All of it: CodeMirror draws only the lines in sight.
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
  for (const patience = Date.now() + 15_000; Date.now() < patience; ) {
    const result = await textOf('result');
    if (result !== '' && (await spinner.count()) === 0) return JSON.parse(result);
    await page.waitForTimeout(50);
  }
  throw new Error('no result');
}

async function tokenInHeaders() {
  const [, token] = /^Bearer (\S+)$/.exec(JSON.parse(await textOf('headers')).Authorization);
  return token;
}

function assertNoProblems() {
  assert.deepEqual(problems, []);
}

test('the page opens in the first example, with a token', async () => {
  await open();
  assert.equal(await page.title(), 'Interviews · GraphiQL');
  assert.match(await textOf('query'), /^query Interviews/m);
  assert.equal(JSON.parse(await textOf('variables')).first, 10);
  await page.getByRole('button', { name: 'Headers', exact: true }).click();
  assert.ok(await tokenInHeaders());
  assertNoProblems();
});

test('the list shows interviews and the people in them', async () => {
  const { data, errors } = await run();
  assert.equal(errors, undefined);
  const [interview] = data.interviews.nodes;
  assert.ok(interview.interviewee.driver.title);
  assert.ok(interview.interviewer.title);
  assertNoProblems();
});

test('the mutation changes an interview', async () => {
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

test('dialogs and documentation stay within the security policy', async () => {
  // The dialog adds the one style element whose hash the policy names.
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

test('a later visit finds the tabs again, and no token was kept', async () => {
  const token = await tokenInHeaders();
  await page.waitForTimeout(1_000); // GraphiQL writes its memory half a second late.
  const kept = await page.evaluate(() => JSON.stringify(localStorage));
  assert.match(kept, /UpdateInterview/);
  assert.ok(!kept.includes(token));

  await open();
  assert.equal(await page.getByRole('tab').count(), 2);
  assert.match(await textOf('query'), /^mutation UpdateInterview/m);
  assert.ok(await tokenInHeaders());
  assert.deepEqual((await run()).data.updateInterview.userErrors, []);
  assertNoProblems();
});
