// nginx and HAProxy with the configurations of examples/, with other addresses.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './server-process.mjs';

/** Debian installs both where only root looks for programs. */
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

const PROXIES = {
  nginx: {
    file: 'nginx.conf',
    listen: ['listen 80;', (port) => `listen 127.0.0.1:${port};`],
    command: (config, folder) => {
      const globals = `daemon off; pid ${folder}/pid; error_log stderr crit;`;
      return ['nginx', '-p', folder, '-c', config, '-e', 'stderr', '-g', globals];
    },
    // The packaged nginx writes into folders of root.
    adapt: (text, folder) => {
      const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
      const paths = kinds.map((kind) => `    ${kind}_temp_path ${folder}/${kind};\n`).join('');
      return text.replace('http {\n', `http {\n    access_log off;\n${paths}`);
    },
  },
  haproxy: {
    file: 'haproxy.cfg',
    listen: ['bind :80', (port) => `bind 127.0.0.1:${port}`],
    command: (config) => ['haproxy', '-db', '-f', config],
    adapt: (text) => text,
  },
};

function replace(text, from, to) {
  if (text.split(from).length !== 2) throw new Error(`${from} has to be there once`);
  return text.replace(from, to);
}

/** Starts the proxy in front of servers on these ports. */
export async function startProxy(name, [one, two]) {
  const { file, listen, command, adapt } = PROXIES[name];
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'proxy-'));
  let text = await readFile(new URL(`../../examples/${file}`, import.meta.url), 'utf8');
  text = replace(text, listen[0], listen[1](port));
  text = replace(text, '127.0.0.1:8001', `127.0.0.1:${one}`);
  text = replace(text, '127.0.0.1:8002', `127.0.0.1:${two}`);
  const config = join(folder, file);
  await writeFile(config, adapt(text, folder));
  await mkdir(join(folder, 'logs'), { recursive: true });
  const [program, ...words] = command(config, folder);
  const proxy = spawn(program, words, { stdio: ['ignore', 'ignore', 'inherit'], env: { PATH } });
  await untilOpen(port, proxy);
  const remove = () => rm(folder, { recursive: true, force: true });
  return { process: proxy, url: `http://127.0.0.1:${port}`, remove };
}

async function untilOpen(port, proxy) {
  for (let tries = 0; tries < 500; tries += 1) {
    if (proxy.exitCode !== null) throw new Error('the proxy does not start');
    const socket = createConnection(port, '127.0.0.1');
    const isOpen = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await pause(20);
  }
  throw new Error('the proxy does not listen');
}
