import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

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
