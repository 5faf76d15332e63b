// A subscriber whose server stops while changes are being made. After the client has reconnected, it has every event
// of the server's log once and in order. Shared by the tests of each kind of client.

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { EVENTS, changeLocation, eventCursors } from './events.mjs';
import { TestServer } from './server-process.mjs';

/** How a server may stop. */
export const stops = [['crash', 'SIGKILL'], ['shutdown', 'SIGTERM']];

/** An interview that the demo data of every server have. */
const demo = '27';

/** `connect(server, pause)` makes a client that awaits `pause()` before it reconnects. */
export async function expectEveryEventOnce(t, signal, connect) {
  const server = await TestServer.start();
  let allowReconnect;
  const back = new Promise((resolve) => (allowReconnect = resolve));
  const client = connect(server, () => back);
  t.after(allowReconnect);
  t.after(() => server.remove());

  // The client serializes the request for each connection, so that each one resumes after the last event received.
  const [start] = (await eventCursors(server)).slice(-1);
  const received = [start];
  const variables = { get since() { return received.at(-1); } };
  const arrivals = new EventEmitter();
  client.subscribe({ query: EVENTS, variables }, {
    next: ({ data }) => arrivals.emit('event', received.push(data.interviewChanged.cursor)),
    error: (problem) => arrivals.emit('error', problem),
    complete: () => arrivals.emit('error', new Error('the subscription completed')),
  });
  const until = async (condition) => {
    while (!condition()) await once(arrivals, 'event');
  };
  const changes = async () => {
    for (let times = 0; times < 10; times += 1) await changeLocation(demo, server);
  };

  await changes();
  await until(() => received.length > 5);
  // These clients cannot know whether their changes were committed. The log does.
  const interrupted = [1, 2, 3].map(() => changeLocation(demo, server).catch(() => undefined));
  await server.stop(signal);
  await Promise.all(interrupted);
  await server.restart();
  await changes(); // while the client is disconnected
  allowReconnect();
  await once(arrivals, 'event'); // the client catches up; what follows may arrive live
  await changes();

  const logged = await eventCursors(server, start);
  assert.ok(logged.length >= 30);
  await until(() => received.at(-1) === logged.at(-1));
  assert.deepEqual(received, [start, ...logged]);
  arrivals.on('error', () => {}); // from here on the subscription may end
}
