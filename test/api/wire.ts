import { connect } from 'node:net';

/** Sends bytes as they are, as no HTTP client would, and resolves with all that comes back until the server closes the connection. */
export function overTheWire(url: string, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.on('close', () => resolve(received));
    socket.write(bytes);
  });
}
