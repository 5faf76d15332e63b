// Servers of a test's own, which it can kill. INTERVIEWS is the program.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: see \`.ci/run\` for what the tests are told`);
  return value;
}

/** A port that nobody listens on, and outside of the range that the system gives to connections: so it stays free meanwhile. */
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

/** Waits until a server listens; whatever it logs later is passed by. */
export async function listening(server) {
  const log = [];
  for await (const line of createInterface({ input: server.stderr })) {
    log.push(line);
    if (line.includes('listening')) break;
  }
  if (!log.at(-1)?.includes('listening')) throw new Error(`it does not start: ${log.join('\n')}`);
  server.stderr.resume();
}

/** `interviews dev` on a port and on data that stay the same however often it is started. */
export class OwnServer {
  static async start() {
    const server = new OwnServer();
    server.folder = await mkdtemp(join(tmpdir(), 'interviews-'));
    server.port = await freePort();
    server.url = `http://127.0.0.1:${server.port}/graphql`;
    await server.startAgain();
    return server;
  }

  async startAgain() {
    const options = ['--bind', `127.0.0.1:${this.port}`, '--interviews', '30', '--ping-interval', '100ms'];
    this.process = spawn(setting('INTERVIEWS'), ['dev', ...options], { cwd: this.folder });
    this.ended = once(this.process, 'exit');
    this.process.stdout.on('data', (text) => {
      this.staff = /^staff +(\S+)$/m.exec(text)?.[1] ?? this.staff;
    });
    await listening(this.process);
  }

  async end(signal) {
    this.process.kill(signal);
    await this.ended;
  }

  async remove() {
    await this.end('SIGKILL');
    await rm(this.folder, { recursive: true });
  }
}
