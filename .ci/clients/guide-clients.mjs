// The clients of docs/guide/subscriptions.md, compiled with strict types, to be run as they are written.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createClient as createEventsClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { BrowserSocket } from './browser-socket.mjs';
import { compile } from './typescript.mjs';

const AsyncFunction = (async () => {}).constructor;
const GLOBALS = `
  declare function token(): Promise<string>;
  declare function show(event: Change['interviewChanged']): void;
  declare function report(problem: unknown): void;
  declare function refresh(): void;
`;

function replace(text, written, other) {
  assert.ok(text.includes(written), `the example has no ${written}`);
  return text.replace(written, other);
}

async function example(name, text, scheme, create) {
  let compiled = await compile(name, text, GLOBALS);
  compiled = replace(compiled, `import { createClient } from '${name}';\n`, '');
  const address = `${scheme}s://interviews.example.com/graphql`;
  return {
    name,
    /**
     * Runs the example against a server with the functions that it leaves to its reader, with other durations. It
     * begins after the cursor `since`. Returns its client.
     */
    async run({ url, since, durations = {}, ...functions }) {
      let code = replace(compiled, address, url.replace(/^http/, scheme));
      if (since) code = replace(code, 'let last;', `let last = ${JSON.stringify(since)};`);
      for (const [written, other] of Object.entries(durations)) code = replace(code, written, other);
      const names = { createClient: create, ...functions };
      return new AsyncFunction(...Object.keys(names), `${code}\nreturn client;`)(...Object.values(names));
    },
  };
}

/** `overWebSocket` and `asEvents`. */
export async function guideClients() {
  const page = await readFile(new URL('../../docs/guide/subscriptions.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, text]) => text);
  assert.equal(blocks.length, 2);
  return {
    // Node 20 has no WebSocket of its own; a browser has.
    overWebSocket: await example('graphql-ws', blocks[0], 'ws', (options) =>
      createClient({ ...options, webSocketImpl: BrowserSocket })),
    asEvents: await example('graphql-sse', blocks[1], 'http', createEventsClient),
  };
}
