// The binary as the container image runs it. `.ci/steps/image` prepares ROOT, a read-only root with a writable /data,
// and runs this as root in a mount namespace.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { freePort, listening, setting } from '../clients/server-process.mjs';
import { startPostgres } from '../clients/postgres.mjs';

const root = setting('ROOT');
const uid = 65532;
const secret = { JWT_SECRET: 'a secret that is long enough for this test' };

/** Starts the binary in the root. `setpriv` and `chroot` replace themselves by it: the process is the server itself. */
function start(words, env, stdio) {
  const chroot = ['chroot', `--userspec=${uid}:${uid}`, '--groups=', root, '/usr/local/bin/interviews'];
  const options = { env: { PATH: process.env.PATH, LOG: 'warn,interviews=info', ...env }, stdio };
  return spawn('setpriv', ['--no-new-privs', ...chroot, ...words], options);
}

/** Runs a command of the binary that ends by itself, and returns its output. */
async function run(words, env) {
  const command = start(words, env, ['ignore', 'pipe', 'inherit']);
  const exited = once(command, 'exit');
  const output = await text(command.stdout);
  assert.deepEqual(await exited, [0, null], words.join(' '));
  return output.trim();
}

let postgres;
before(async () => (postgres = await startPostgres()));
after(() => postgres?.stop());

/** What the kernel says about a process, `Uid` or `CapEff` for example. */
function status(pid, name) {
  return new RegExp(`^${name}:(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1].trim();
}

const databases = {
  PostgreSQL: () => postgres.url,
  'SQLite on a volume': () => 'sqlite:///data/interviews.db',
};
for (const [name, databaseUrl] of Object.entries(databases)) {
  test(`the server migrates, serves and stops on ${name}`, async (t) => {
    const database = { DATABASE_URL: databaseUrl() };
    await run(['migrate', 'up'], database);
    await run(['demo-data', '--interviews', '20'], database);
    const token = await run(['token', '--sub', '1000'], secret);

    const port = await freePort();
    const env = { ...database, ...secret, BIND: `0.0.0.0:${port}` };
    const server = start(['serve'], env, ['ignore', 'inherit', 'pipe']);
    const exited = once(server, 'exit');
    t.after(() => server.kill('SIGKILL'));
    await listening(server);

    assert.equal(status(server.pid, 'Uid'), `${uid}\t${uid}\t${uid}\t${uid}`);
    assert.equal(status(server.pid, 'Gid'), `${uid}\t${uid}\t${uid}\t${uid}`);
    assert.equal(status(server.pid, 'Groups'), '');
    assert.equal(BigInt(`0x${status(server.pid, 'CapEff')}`), 0n);
    assert.equal(status(server.pid, 'NoNewPrivs'), '1');

    const url = `http://127.0.0.1:${port}`;
    for (const path of ['/livez', '/readyz']) assert.equal((await fetch(url + path)).status, 200, path);
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: '{ viewer { id } interview(id: 27) { status } }' }),
    });
    assert.deepEqual(await response.json(), { data: { viewer: { id: '1000' }, interview: { status: 'PENDING' } } });

    server.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null]);
  });
}
