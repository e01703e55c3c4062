import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

/** What stands between an edge and the program: it tells what passes, and can be shut. */
export interface Gate {
  readonly url: string;
  /** Method and target of each request that came. */
  readonly passed: string[];
  /** While it is shut, the program cannot be reached. */
  shut: boolean;
  close(): Promise<void>;
}

export async function openGate(origin: string): Promise<Gate> {
  const { hostname, port } = new URL(origin);
  const server = createServer((request, response) => {
    gate.passed.push(`${request.method} ${request.url}`);
    if (gate.shut) return void request.socket.destroy();
    const options = { hostname, port, method: request.method, path: request.url, headers: request.headers };
    const upstream = httpRequest({ ...options, agent: false }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  });
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    gate.passed.push(`UPGRADE ${request.url}`);
    const upstream = connect(Number(port), hostname, () => {
      const headers = request.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : []));
      upstream.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gate: Gate = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed: [],
    shut: false,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return gate;
}
