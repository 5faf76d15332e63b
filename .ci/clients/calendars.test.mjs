// iCalendar files of the server, as four libraries read them: ical.js of npm, and icalendar, vobject and ics of PyPI,
// which PYTHON has. CALENDAR_FILES is a folder with the files that the server's own tests have made.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import ICAL from 'ical.js';
import { TestServer, setting } from './server-process.mjs';

const PROPERTIES = ['uid', 'sequence', 'status', 'summary', 'description', 'location', 'url'];

let server;
before(async () => (server = await TestServer.start()));
after(() => server?.remove());

async function ask(role, query) {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.token(role)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  for (const { userErrors } of Object.values(data)) assert.deepEqual(userErrors ?? [], []);
  return data;
}

function readByIcalJs(text) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  assert.equal(calendar.getFirstPropertyValue('version'), '2.0');
  assert.equal(calendar.getFirstProperty('method'), null);
  return calendar.getAllSubcomponents('vevent').map((event) => {
    const time = (name) => event.getFirstPropertyValue(name).toString();
    const entry = { start: time('dtstart'), end: time('dtend') };
    for (const name of PROPERTIES) {
      const value = event.getFirstPropertyValue(name);
      entry[name] = value === null ? null : `${value}`;
    }
    return entry;
  });
}

/** A text as ics 0.7 reads it: it replaces one escape after the other, and takes an escaped backslash before an n for a
 * line feed. */
function asIcsReads(text) {
  const escaped = text?.replace(/[\\;,]/g, '\\$&').replaceAll('\n', '\\n');
  const ends = ['n', 'N', 'r', 'R'].map((letter) => [`\\${letter}`, /n/i.test(letter) ? '\n' : '\r']);
  const pairs = [['\\;', ';'], ['\\,', ','], ...ends, ['\\\\', '\\']];
  return pairs.reduce((text, [escape, character]) => text?.replaceAll(escape, character), escaped) ?? null;
}

/** What the libraries read of each text: the same, and the entries are in the order of their ids. */
function read(texts) {
  const byId = (entries) => entries.toSorted((one, other) => (one.uid < other.uid ? -1 : 1));
  const expected = texts.map((text) => byId(readByIcalJs(text)));
  const script = new URL('read_calendars.py', import.meta.url).pathname;
  const options = { input: JSON.stringify(texts), maxBuffer: 1 << 30 };
  const libraries = JSON.parse(execFileSync(setting('PYTHON'), [script], options));
  assert.deepEqual(Object.keys(libraries), ['icalendar', 'vobject', 'ics']);
  for (const [name, files] of Object.entries(libraries)) {
    const known = ({ summary, description, location, ...entry }) => {
      const [shown, described, place] = [summary, description, location].map(asIcsReads);
      return { ...entry, summary: shown, description: described, location: place };
    };
    for (const [index, entries] of files.entries()) {
      const same = name === 'ics' ? expected[index].map(known) : expected[index];
      assert.deepEqual(byId(entries), same, `${name} reads ${texts[index]}`);
    }
  }
  return expected;
}

test('libraries read every file that the tests of the server make', async () => {
  const folder = setting('CALENDAR_FILES');
  const names = await readdir(folder);
  assert.ok(names.length > 100, `${names.length} files`);
  const files = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  const sizes = new Set();
  for (const entries of read(files)) {
    sizes.add(entries.length);
    for (const { start, end, status, sequence } of entries) {
      assert.ok(start < end, `${start} ${end}`);
      assert.ok(['TENTATIVE', 'CONFIRMED', 'CANCELLED'].includes(status), status);
      assert.match(sequence, /^\d+$/);
    }
  }
  assert.ok(sizes.has(1), 'files of one interview');
  assert.ok(sizes.has(1000), 'a full feed');
});

test('a text of a client is the same to every library', async () => {
  const created = await ask('driver', 'mutation { createCalendarFeed { url userErrors { code } } }');
  const { url } = created.createCalendarFeed;
  assert.ok(url.startsWith(`${new URL(server.url).origin}/calendar/feeds/`), url);
  const uids = new Set();
  let sequence = -1;
  for (const location of [
    'Gate 2',
    'https://example.com/room?a=1,2;b',
    'a;b,c\\d\\n: "e" \'f\'',
    'BEGIN:VEVENT',
    'END:VCALENDAR',
    '⁧שלום⁩ – Tor Süd',
    '👩‍🚀'.repeat(60),
    `${'x'.repeat(64)} ${' y'.repeat(90)}`,
  ]) {
    await ask('staff', `mutation {
      updateInterview(id: 27, input: { location: ${JSON.stringify(location)} }) { userErrors { code } }
    }`);
    const headers = { authorization: `Bearer ${server.token('driver')}` };
    const file = await fetch(new URL('/calendar/interviews/27.ics', url), { headers });
    const [[entry]] = read([await file.text()]);
    assert.equal(entry.location, location);
    assert.ok(Number(entry.sequence) > sequence, entry.sequence);
    sequence = Number(entry.sequence);
    uids.add(entry.uid);
    assert.equal(entry.start, '2025-03-20T09:00:00Z');
  }
  assert.equal(uids.size, 1);

  const feed = await fetch(url);
  assert.equal(feed.headers.get('content-type'), 'text/calendar; charset=utf-8');
  const [entries] = read([await feed.text()]);
  assert.ok(entries.length > 0);
  const unchanged = await fetch(url, { headers: { 'if-none-match': feed.headers.get('etag') } });
  assert.equal(unchanged.status, 304);
  const { calendarFeeds } = await ask('driver', '{ calendarFeeds { id } }');
  await ask('driver', `mutation { revokeCalendarFeed(id: ${calendarFeeds[0].id}) { userErrors { code } } }`);
  assert.equal((await fetch(url)).status, 404);
});
