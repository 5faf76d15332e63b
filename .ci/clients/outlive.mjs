// A subscriber who outlives their server: it ends in the middle of changes, and every event of its log arrives once all the same, and in
// order. The same for each kind of client.

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { EVENTS, change, log } from './events.mjs';
import { OwnServer } from './own-server.mjs';

/** How a server may end. */
export const ends = [['is killed', 'SIGKILL'], ['is told to stop', 'SIGTERM']];

/** The interview that every server has. */
const demo = '27';

/** `connect` makes a client of this server that waits for `pause()` before it connects again. */
export async function outlive(t, signal, connect) {
  const server = await OwnServer.start();
  let comeBack;
  const back = new Promise((resolve) => (comeBack = resolve));
  const client = connect(server, () => back);
  t.after(comeBack);
  t.after(() => server.remove());

  // The request is written anew for each connection, and so is what its getter says.
  const [start] = (await log(server)).slice(-1);
  const received = [start];
  const variables = { get since() { return received.at(-1); } };
  const arrivals = new EventEmitter();
  client.subscribe({ query: EVENTS, variables }, {
    next: ({ data }) => arrivals.emit('event', received.push(data.interviewChanged.id)),
    error: (problem) => arrivals.emit('error', problem),
    complete: () => arrivals.emit('error', new Error('nobody has unsubscribed')),
  });
  const until = async (there) => {
    while (!there()) await once(arrivals, 'event');
  };
  const changes = async () => {
    for (let times = 0; times < 10; times += 1) await change(demo, server);
  };

  await changes();
  await until(() => received.length > 5);
  // Whoever makes these does not know whether they are done. The log does.
  const unsure = [1, 2, 3].map(() => change(demo, server).catch(() => undefined));
  await server.end(signal);
  await Promise.all(unsure);
  await server.startAgain();
  await changes(); // nobody listens
  comeBack();
  await once(arrivals, 'event'); // it catches up; what follows may come live
  await changes();

  const happened = await log(server, start);
  assert.ok(happened.length >= 30);
  await until(() => received.at(-1) === happened.at(-1));
  assert.deepEqual(received, [start, ...happened]);
  arrivals.on('error', () => {}); // now it may end
}
