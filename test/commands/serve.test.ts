import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startProgram } from '../program.js';

const other = createServer();
beforeAll(() => new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => other.close(resolve)));

it('serve on a port that another program has says so, in one line', async () => {
  const { port } = other.address() as AddressInfo;
  const failure = await startProgram({ env: { PORT: String(port) } }).catch((error: Error) => error.message);
  expect(failure).toMatch(new RegExp(`^The program ended with 1 .+\\nlisten EADDRINUSE: .+:${port}\\n$`));
});

it('serve stops without a fault where nobody collects the spans that it was told to send', async () => {
  const nowhere = 'http://127.0.0.1:9';
  const program = await startProgram({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: nowhere } });
  await fetch(`${program.url}/healthz`);
  expect(await program.stop()).toBe(0);
  expect(program.output()).toContain('the last spans were not sent');
  expect(program.output()).toContain('Ready');
});
