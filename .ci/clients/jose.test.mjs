// Tokens of an identity provider: npm's `jose` signs them and publishes the keys, as an identity provider does.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { SignJWT, exportJWK, exportSPKI, generateKeyPair } from 'jose';
import WebSocket from 'ws';
import { freePort, listening, setting } from './server-process.mjs';

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const issuer = 'https://login.example.com/';
const audience = 'interviews';
const query = '{ viewer { id } }';
const mona = { viewer: { id: '1000' } };

/** Publishes keys, and signs with them. */
class IdentityProvider {
  keys = [];
  requests = 0;

  /** With a certificate for 127.0.0.1 over HTTPS, and otherwise over HTTP. */
  static async start(t, certificate) {
    const provider = new IdentityProvider();
    const answer = (request, response) => {
      provider.requests += 1;
      response.setHeader('content-type', 'application/jwk-set+json');
      response.end(JSON.stringify({ keys: provider.keys }));
    };
    const server = (certificate ? createTlsServer(certificate, answer) : createServer(answer)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    provider.url = `${certificate ? 'https' : 'http'}://127.0.0.1:${server.address().port}/jwks.json`;
    return provider;
  }

  /** A new key that is published at once. */
  async addKey(alg) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const kid = randomUUID();
    this.keys = [...this.keys, { ...await exportJWK(publicKey), kid, alg, use: 'sig' }];
    return { alg, kid, publicKey, privateKey };
  }

  removeKey({ kid }) {
    this.keys = this.keys.filter((key) => key.kid !== kid);
  }
}

/** A token of Mona's. Each one is another. */
function sign({ alg, kid, privateKey }, claims = {}) {
  const token = new SignJWT({ aud: audience, ...claims }).setProtectedHeader({ alg, kid });
  return token.setIssuer(issuer).setSubject('1000').setIssuedAt().setExpirationTime('5m').setJti(randomUUID())
    .sign(privateKey);
}

/** `interviews serve` with demo data, and without a secret. Waits until it is ready, or has this status. */
async function serve(t, provider, settings = {}, status = 200) {
  const folder = await mkdtemp(join(tmpdir(), 'interviews-'));
  const env = { DATABASE_URL: 'sqlite://interviews.db' };
  for (const command of ['migrate up', 'demo-data --interviews 30']) {
    const done = spawnSync(setting('INTERVIEWS'), command.split(' '), { cwd: folder, env });
    assert.equal(done.status, 0, `${done.stderr}`);
  }
  const port = await freePort();
  const jwks = { JWKS_URL: provider.url, JWKS_ISSUER: issuer, JWKS_AUDIENCE: audience, VIEWER_TTL: '200ms' };
  const server = spawn(setting('INTERVIEWS'), ['serve', '--bind', `127.0.0.1:${port}`], {
    cwd: folder,
    env: { ...env, ...jwks, ...settings },
  });
  const exited = once(server, 'exit');
  t.after(async () => {
    server.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true });
  });
  await listening(server);
  const base = `http://127.0.0.1:${port}`;
  while ((await fetch(`${base}/readyz`)).status !== status) await sleep(50);
  const socketUrl = `ws://127.0.0.1:${port}/graphql`;
  return { base, url: `${base}/graphql`, socketUrl, signal: (name) => server.kill(name) };
}

async function ask({ url }, token) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  return response.json();
}

const reason = ({ errors }) => errors[0].extensions.reason;

const socketClient = ({ socketUrl }, token, options) => createSocketClient({
  url: socketUrl,
  webSocketImpl: WebSocket,
  retryAttempts: 0,
  onNonLazyError: () => {}, // the server ends first
  connectionParams: { authorization: `Bearer ${token}` },
  ...options,
});

async function only(responses) {
  const all = [];
  for await (const response of responses) all.push(response);
  assert.equal(all.length, 1);
  return all[0];
}

for (const alg of ALGORITHMS) {
  test(`a token with ${alg} is accepted over each transport`, async (t) => {
    const provider = await IdentityProvider.start(t);
    const key = await provider.addKey(alg);
    const server = await serve(t, provider);
    const token = await sign(key);
    assert.deepEqual(await ask(server, token), { data: mona });

    const authorization = `Bearer ${token}`;
    const events = createSseClient({ url: server.url, headers: { authorization }, retryAttempts: 0 });
    t.after(() => events.dispose());
    assert.deepEqual(await only(events.iterate({ query })), { data: mona });

    const socket = socketClient(server, token);
    t.after(() => socket.dispose());
    assert.deepEqual(await only(socket.iterate({ query })), { data: mona });

    const headers = { authorization, 'content-type': 'application/json' };
    const body = JSON.stringify({ interview: {} });
    const rest = await fetch(`${server.base}/api/v1/interviews/27`, { method: 'PATCH', headers, body });
    assert.equal(rest.status, 200);

    for (const claims of [{ aud: 'payroll' }, { nbf: Math.floor(Date.now() / 1000) + 300 }]) {
      assert.equal(reason(await ask(server, await sign(key, claims))), 'TOKEN_INVALID');
    }
    const expired = new SignJWT({ aud: audience }).setProtectedHeader({ alg, kid: key.kid }).setIssuer(issuer)
      .setSubject('1000').setExpirationTime(Math.floor(Date.now() / 1000) - 60);
    assert.equal(reason(await ask(server, await expired.sign(key.privateKey))), 'TOKEN_EXPIRED');
    assert.equal(provider.requests, 1);
  });
}

test('no good token is refused while keys rotate under load', async (t) => {
  const provider = await IdentityProvider.start(t);
  let key = await provider.addKey('ES256');
  // Keys change more often than in reality, and unknown ones are looked for as often.
  const server = await serve(t, provider, { JWKS_COOLDOWN: '20ms', JWKS_TTL: '1s' });
  let [accepted, isOver] = [0, false];
  const client = async () => {
    while (!isOver) {
      assert.deepEqual(await ask(server, await sign(key)), { data: mona });
      accepted += 1;
    }
  };
  const rotate = async () => {
    const keys = [key];
    for (let times = 0; times < 16; times += 1) {
      await sleep(150);
      key = await provider.addKey(ALGORITHMS[times % ALGORITHMS.length]); // signs at once
      keys.push(key);
      // Tokens of the keys before may be on their way.
      if (keys.length > 10) provider.removeKey(keys.shift());
    }
    isOver = true;
  };
  await Promise.all([rotate(), ...Array.from({ length: 8 }, client)]);
  assert.ok(accepted > 16, `${accepted}`);
  assert.ok(provider.requests > 8, `${provider.requests}`);
});

test('a flood of unknown keys is one request, and known keys are served meanwhile', async (t) => {
  const provider = await IdentityProvider.start(t);
  const key = await provider.addKey('ES256');
  const unpublished = await generateKeyPair('ES256');
  const server = await serve(t, provider);
  assert.equal(provider.requests, 1);
  const flood = async () => {
    for (let times = 0; times < 50; times += 1) {
      const token = await sign({ alg: 'ES256', kid: randomUUID(), privateKey: unpublished.privateKey });
      assert.equal(reason(await ask(server, token)), 'TOKEN_INVALID');
    }
  };
  const good = async () => {
    for (let times = 0; times < 50; times += 1) assert.deepEqual(await ask(server, await sign(key)), { data: mona });
  };
  await Promise.all([good(), ...Array.from({ length: 20 }, flood)]);
  assert.equal(provider.requests, 2);
});

test('HS256 with the text of a public key as its secret is refused', async (t) => {
  const provider = await IdentityProvider.start(t);
  const keys = await Promise.all(ALGORITHMS.map((alg) => provider.addKey(alg)));
  const server = await serve(t, provider, { JWT_SECRET: randomUUID() + randomUUID() });
  for (const { kid, publicKey } of keys) {
    const pem = await exportSPKI(publicKey);
    const { n, x } = await exportJWK(publicKey);
    for (const secret of [pem, pem.trim(), `${pem}\n`, n ?? x]) {
      const forged = { alg: 'HS256', kid, privateKey: new TextEncoder().encode(secret) };
      assert.equal(reason(await ask(server, await sign(forged, { scp: 'user' }))), 'TOKEN_INVALID');
    }
  }
});

test('a key that is removed closes the WebSockets that it has signed in', async (t) => {
  const provider = await IdentityProvider.start(t);
  const [old, next] = [await provider.addKey('RS256'), await provider.addKey('EdDSA')];
  const server = await serve(t, provider);
  const connect = async (key) => {
    const token = await sign(key);
    let closed;
    const ended = new Promise((resolve) => (closed = resolve));
    const client = socketClient(server, token, { lazy: false, on: { closed } });
    t.after(() => client.dispose());
    assert.deepEqual(await only(client.iterate({ query })), { data: mona });
    return { client, ended };
  };
  const [byOld, byNext] = [await connect(old), await connect(next)];
  provider.removeKey(old);
  server.signal('SIGHUP');
  const { code, reason: why } = await byOld.ended;
  assert.deepEqual([code, why], [4403, 'TOKEN_INVALID']);
  assert.deepEqual(await only(byNext.client.iterate({ query })), { data: mona });
});

/** A certificate authority of its own, and a certificate for 127.0.0.1. */
async function certificates(t) {
  const folder = await mkdtemp(join(tmpdir(), 'interviews-'));
  t.after(() => rm(folder, { recursive: true }));
  const options = { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] };
  const openssl = (...words) => execFileSync('openssl', words.join(' ').split(' '), options);
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
  openssl(`req -x509 ${key} -keyout ca.key -out ca.pem -days 2 -subj /CN=Authority`);
  openssl(`req ${key} -keyout server.key -out server.csr -subj /CN=Server`);
  await writeFile(join(folder, 'extensions'), 'subjectAltName=IP:127.0.0.1\n');
  const signing = '-CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions';
  openssl('x509 -req -in server.csr', signing, '-out server.pem');
  const read = (name) => readFile(join(folder, name));
  const certificate = { cert: await read('server.pem'), key: await read('server.key') };
  return { authority: join(folder, 'ca.pem'), certificate };
}

test('keys are read over HTTPS from a server with a certificate of a known authority, and from no other', async (t) => {
  const { authority, certificate } = await certificates(t);
  const provider = await IdentityProvider.start(t, certificate);
  const key = await provider.addKey('RS256');
  const server = await serve(t, provider, { SSL_CERT_FILE: authority });
  assert.deepEqual(await ask(server, await sign(key)), { data: mona });
  assert.equal(provider.requests, 1);

  const other = await certificates(t);
  const distrustful = await serve(t, provider, { SSL_CERT_FILE: other.authority }, 503);
  const { errors } = await ask(distrustful, await sign(key));
  assert.equal(errors[0].extensions.code, 'UNAVAILABLE');
  assert.equal(provider.requests, 1);
});
