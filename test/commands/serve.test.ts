import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

const root = join(import.meta.dirname, '..', '..');
const tiny = join(root, 'test', 'parity', 'fixtures', 'checkpoints', 'tiny-turbo');
const work = mkdtempSync(join(tmpdir(), 'inkstone-serve-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

it('a server whose first model is broken says why and ends with 1', async () => {
  const folder = join(work, 'tiny');
  cpSync(tiny, folder, { recursive: true });
  const config = join(folder, 'text_encoder', 'config.json');
  writeFileSync(config, readFileSync(config, 'utf8').replace('"silu"', '"gelu"'));
  const settings = { PORT: '0', DATA_DIR: join(work, 'data'), MODELS_CATALOG: join(work, 'none.json') };
  const child = spawn(process.execPath, [join(root, 'dist/src/cli.js'), 'serve', '--checkpoint', folder], {
    env: { ...process.env, ...settings, LOG_LEVEL: 'silent' },
  });
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(err).toBe(`${config}: expected "hidden_act" to be "silu" but it is "gelu".\n`);
  expect(code).toBe(1);
});
