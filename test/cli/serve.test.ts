import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runProgram, startProgram } from '../program.js';

const root = join(import.meta.dirname, '..', '..');
const cli = join(root, 'dist', 'src', 'cli.js');
const data = mkdtempSync(join(tmpdir(), 'inkstone-serve-'));
afterAll(() => rmSync(data, { recursive: true, force: true }));

const inkstone = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runProgram(args, { env: { DATA_DIR: data, LOG_LEVEL: 'warn', ...env } });

describe('inkstone serve', () => {
  it('says in one sentence that its port is taken', async () => {
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const { port } = other.address() as AddressInfo;
    const { code, err } = await inkstone(['serve'], { PORT: String(port) });
    other.close();
    expect(code).toBe(1);
    expect(err).toBe(
      `PORT: expected a port that is free on 127.0.0.1 but received ${port}, where another program listens. PORT=0 takes any free one.\n`,
    );
  });

  it('says in one sentence that its host is nowhere', async () => {
    const { code, err } = await inkstone(['serve'], { HOST: 'nowhere.invalid', PORT: '0' });
    expect({ code, err }).toEqual({
      code: 1,
      err: 'HOST: expected an address of this machine but received "nowhere.invalid".\n',
    });
  });

  it.each(['abc', '80000', '1.5'])('refuses the port %s', async (PORT) => {
    const { code, err } = await inkstone(['serve'], { PORT });
    expect({ code, err }).toEqual({
      code: 1,
      err: `PORT: expected a whole number between 0 and 65535 but received "${PORT}".\n`,
    });
  });

  it('does not take a mistyped command for itself', async () => {
    const { code, err } = await inkstone(['genrate']);
    expect(code).toBe(2);
    expect(err).toContain('Expected a command but received "genrate"');
  });

  it('listens where it is told to, and tells so as JSON', async () => {
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const { port } = other.address() as AddressInfo;
    await new Promise((closed) => other.close(closed));
    const child = spawn(process.execPath, [cli, 'serve', '--port', String(port), '--host', '127.0.0.1', '--json'], {
      env: { ...process.env, HOST: 'nowhere.invalid', PORT: '1', DATA_DIR: data },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    for await (const chunk of child.stdout) {
      out += chunk;
      if (out.endsWith('\n')) child.kill('SIGTERM');
    }
    const url = `http://127.0.0.1:${port}`;
    expect(out.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(out)).toMatchObject({ url, graphql: `${url}/graphql`, device: 'cpu', model: 'inkling-turbo' });
  });

  it('says that it stops', async () => {
    const program = await startProgram();
    expect(await program.stop()).toBe(0);
    expect(program.output()).toContain('\nStopping …\n');
  });

  it('stops without a fault where nobody collects the spans that it was told to send', async () => {
    const nowhere = 'http://127.0.0.1:9';
    const program = await startProgram({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: nowhere } });
    await fetch(`${program.url}/`);
    expect(await program.stop()).toBe(0);
    expect(program.output()).toContain('the last spans were not sent');
    expect(program.output()).toContain('Ready');
  });

  it('says why its first model is broken and ends with 1', async () => {
    const folder = join(data, 'tiny');
    cpSync(join(root, 'test', 'parity', 'fixtures', 'checkpoints', 'tiny-turbo'), folder, { recursive: true });
    const config = join(folder, 'text_encoder', 'config.json');
    writeFileSync(config, readFileSync(config, 'utf8').replace('"silu"', '"gelu"'));
    const env = { PORT: '0', MODELS_CATALOG: join(data, 'none.json'), LOG_LEVEL: 'silent' };
    const { code, err } = await inkstone(['serve', '--checkpoint', folder], env);
    expect(err).toBe(`${config}: expected "hidden_act" to be "silu" but it is "gelu".\n`);
    expect(code).toBe(1);
  });
});
