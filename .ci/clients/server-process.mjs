// Servers that one test starts, stops and restarts. INTERVIEWS is the path of the binary.

import { spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests by \`.ci/run clients\`, which sets it`);
  return value;
}

/** How long a token is accepted after its `exp`, in seconds. */
const LEEWAY = 30;

const decode = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

/** A free port outside the range that the system uses for outgoing connections: nothing else takes it meanwhile. */
export async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const listener = createServer().listen(port, '127.0.0.1');
    try {
      await once(listener, 'listening');
    } catch (error) {
      if (error.code === 'EADDRINUSE') continue;
      throw error;
    }
    listener.close();
    await once(listener, 'close');
    return port;
  }
}

/** Waits until a server listens, and discards what it logs later. */
export async function listening(server) {
  const log = [];
  for await (const line of createInterface({ input: server.stderr })) {
    log.push(line);
    if (line.includes('listening')) break;
  }
  if (!log.at(-1)?.includes('listening')) throw new Error(`the server does not start: ${log.join('\n')}`);
  server.stderr.resume();
}

/** `interviews dev`, with a port and a database that stay the same over restarts. */
export class TestServer {
  #tokens = {};

  static async start(...options) {
    const server = new TestServer();
    server.options = options;
    server.folder = await mkdtemp(join(tmpdir(), 'interviews-'));
    server.port = await freePort();
    server.url = `http://127.0.0.1:${server.port}/graphql`;
    await server.restart();
    return server;
  }

  /** One more server on the same database, with the same tokens. */
  async startSibling() {
    const sibling = new TestServer();
    Object.assign(sibling, { options: this.options, folder: this.folder, port: await freePort() });
    sibling.url = `http://127.0.0.1:${sibling.port}/graphql`;
    await sibling.restart();
    return sibling;
  }

  async restart() {
    const own = ['--bind', `127.0.0.1:${this.port}`, '--interviews', '30', '--ping-interval', '100ms'];
    const options = [...own, ...this.options];
    this.process = spawn(setting('INTERVIEWS'), ['dev', ...options], { cwd: this.folder });
    this.ended = once(this.process, 'exit');
    this.process.stdout.on('data', (text) => {
      const printed = `${text}`.matchAll(/^(admin|service|manager|staff|driver) +(\S+)$/gm);
      for (const [, role, token] of printed) this.#tokens[role] = token;
    });
    await listening(this.process);
  }

  /** The token that the server has printed: `admin`, `service`, `manager`, `staff` or `driver`. */
  token(role) {
    return this.#tokens[role];
  }

  get staff() {
    return this.token('staff');
  }

  /** A token of the staff member that the server accepts for this many seconds. */
  tokenThatExpiresIn(seconds) {
    return this.#sign({ exp: Math.ceil(Date.now() / 1000) + seconds - LEEWAY });
  }

  /** A token of this user, as the platform signs it. */
  tokenOf(id) {
    return this.#sign({ sub: id });
  }

  /** A token of the staff member, with other claims. */
  async #sign(others) {
    const encode = (json) => Buffer.from(JSON.stringify(json)).toString('base64url');
    const claims = { ...decode(this.staff), ...others, jti: randomUUID() };
    const message = `${encode({ alg: 'HS256' })}.${encode(claims)}`;
    const key = await readFile(join(this.folder, 'interviews-dev.key'));
    return `${message}.${createHmac('sha256', key).update(message).digest('base64url')}`;
  }

  async stop(signal) {
    this.process.kill(signal);
    await this.ended;
  }

  async remove() {
    await this.stop('SIGKILL');
    await rm(this.folder, { recursive: true });
  }
}
