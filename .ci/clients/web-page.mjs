// The files of docs/guide/web-page.md in a folder, and pages that run them in Vite's development server, through its
// proxy. Each page has modules of its own: a user, a cache and a WebSocket.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';
import { BrowserSocket } from './browser-socket.mjs';

export const here = fileURLToPath(new URL('.', import.meta.url));

/** A file that the page leaves to its reader. */
const TOKEN = `
declare const __USER__: string;
export async function token(): Promise<string> { return (globalThis as any).tokens[__USER__](); }
`;

/** Writes the files into a new folder. Each begins with a comment that names it. */
export async function extract(server) {
  const page = await readFile(join(here, '../../docs/guide/web-page.md'), 'utf8');
  const blocks = [...page.matchAll(/```ts\n(\/\/ (\S+)\n.*?)```/gs)];
  assert.equal(blocks.length, page.match(/```ts/g).length, 'every block of TypeScript names its file');
  const files = Object.fromEntries(blocks.map(([, text, path]) => [path, text]));
  const target = 'http://127.0.0.1:8000';
  assert.ok(files['vite.config.ts'].includes(target));
  files['vite.config.ts'] = files['vite.config.ts'].replace(target, new URL(server.url).origin);
  files['src/token.ts'] = TOKEN;
  const root = await mkdtemp(join(here, 'web-page-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

/** A page of this user, whose token `token()` returns. */
export async function openPage(root, user, token) {
  const vite = await createServer({
    root,
    configFile: join(root, 'vite.config.ts'),
    define: { __USER__: JSON.stringify(user) },
    cacheDir: join(root, user),
    logLevel: 'silent',
    server: { port: 0, host: 'localhost', hmr: false, ws: false },
  });
  await vite.listen();
  // What a browser has. Its WebSocket sends the origin of the page.
  globalThis.location = new URL(`http://localhost:${vite.httpServer.address().port}/`);
  globalThis.WebSocket = class extends BrowserSocket {
    constructor(url, protocols) {
      super(url, protocols, { origin: new URL(url).origin.replace(/^ws/, 'http') });
    }
  };
  const stored = new Map();
  globalThis.sessionStorage = {
    getItem: (name) => stored.get(name) ?? null,
    setItem: (name, value) => stored.set(name, value),
    removeItem: (name) => stored.delete(name),
  };
  (globalThis.tokens ??= {})[user] = token;
  const modules = {};
  for (const name of ['connection', 'retries', 'apollo', 'live', 'edit', 'urql']) {
    modules[name] = await vite.ssrLoadModule(`/src/${name}.ts`);
  }
  const close = async () => {
    await modules.connection.socket.dispose();
    modules.apollo.apollo.stop();
    await vite.close();
  };
  return { ...modules, close };
}

/** Collects what arrives, and waits for it. */
export class Arrivals {
  list = [];
  #changed = () => {};

  add = (item) => {
    this.list.push(item);
    this.#changed();
  };

  async until(condition) {
    while (!condition(this.list)) await new Promise((resolve) => (this.#changed = resolve));
  }
}
