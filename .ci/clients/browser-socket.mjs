// npm's `ws` with two rules of the WebSocket of browsers (https://websockets.spec.whatwg.org): a socket that is being
// closed delivers no more messages, and an error that nobody listens for is none.

import WebSocket from 'ws';

export class BrowserSocket extends WebSocket {
  constructor(...words) {
    super(...words);
    this.on('error', () => {});
  }

  emit(event, ...words) {
    return (event !== 'message' || this.readyState === WebSocket.OPEN) && super.emit(event, ...words);
  }
}
