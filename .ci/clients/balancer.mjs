// A load balancer of one test: passes each new connection on to the server that is in service at that moment.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Balancer {
  /** The server that gets new connections. */
  target;
  #sockets = new Set();
  #responsesToLose = 0;

  static async start(target) {
    const balancer = new Balancer();
    balancer.target = target;
    balancer.listener = createServer((client) => balancer.#forward(client)).listen(0, '127.0.0.1');
    await once(balancer.listener, 'listening');
    balancer.url = `http://127.0.0.1:${balancer.listener.address().port}/graphql`;
    return balancer;
  }

  #forward(client) {
    const server = connect(this.target.port, '127.0.0.1');
    for (const [socket, other] of [[client, server], [server, client]]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => other.destroy());
    }
    client.pipe(server);
    server.on('data', (chunk) => {
      if (this.#responsesToLose > 0 && chunk.includes('HTTP/1.1 ')) {
        this.#responsesToLose -= 1;
        client.destroy();
      } else {
        client.write(chunk);
      }
    });
  }

  /** The next responses do not arrive: the connection ends instead. */
  loseResponses(count) {
    this.#responsesToLose = count;
  }

  close() {
    this.listener.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
