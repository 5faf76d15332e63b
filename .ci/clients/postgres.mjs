// A temporary PostgreSQL cluster, which ends with this process.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { freePort } from './server-process.mjs';

// The guardian waits for the end of its input, which comes when this process ends, even by SIGKILL. Then it stops
// PostgreSQL and removes the folder. It ignores signals, so that it always does.
const GUARDIAN = `
trap '' HUP INT TERM
exec 2>&1
cd /
dir=$(mktemp -d) || exit
"$0/initdb" -D "$dir/data" -U postgres -E UTF8 --locale=C --auth=trust --no-sync &&
    "$0/pg_ctl" start -w -D "$dir/data" -l "$dir/log" \\
        -o "-p $1 -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c synchronous_commit=off" &&
    echo READY || cat "$dir/log"
read -r _
"$0/pg_ctl" stop -m immediate -D "$dir/data"
rm -rf "$dir"
`;

function binaries() {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => b - a) : [];
  const installed = versions.map((version) => `${root}/${version}/bin`);
  const found = [...installed, ...process.env.PATH.split(':')].find((folder) => existsSync(`${folder}/initdb`));
  if (!found) throw new Error('PostgreSQL is not installed');
  return found;
}

// PostgreSQL refuses to run as root: then it runs as the user `postgres`.
function user() {
  if (process.getuid() !== 0) return {};
  const id = (which) => Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Starts PostgreSQL. Returns its URL and a function that stops it. */
export async function startPostgres() {
  const port = await freePort();
  const options = { detached: true, stdio: ['pipe', 'pipe', 'inherit'], ...user() };
  const guardian = spawn('sh', ['-c', GUARDIAN, binaries(), port], options);
  const exited = once(guardian, 'exit');
  const output = [];
  for await (const line of createInterface({ input: guardian.stdout })) {
    output.push(line);
    if (line === 'READY') break;
  }
  if (output.at(-1) !== 'READY') throw new Error(`PostgreSQL does not start: ${output.join('\n')}`);
  guardian.stdout.resume();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      guardian.stdin.end();
      await exited;
    },
  };
}
