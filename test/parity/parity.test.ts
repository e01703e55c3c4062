import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

/** Runs the command as people do. */
function parity(folder: string, ...beginning: readonly string[]) {
  const tsx = join(root, 'node_modules', '.bin', 'tsx');
  const { status, stdout, stderr } = spawnSync(tsx, [join(import.meta.dirname, 'cli.ts'), folder, ...beginning], {
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

describe('the engine', () => {
  it('computes what the reference computes on the cases in the repository', { timeout: 300_000 }, () => {
    const { status, output } = parity(join(import.meta.dirname, 'fixtures'));
    expect(status, output).toBe(0);
  });

  const all = join(root, '..', 'shared', 'parity');
  it.skipIf(!existsSync(all))('computes what the reference computes on all cases', { timeout: 600_000 }, () => {
    const { status, output } = parity(all);
    expect(status, output).toBe(0);
  });

  const more = join(root, '..', 'shared', 'parity-more');
  it.skipIf(!existsSync(more))('computes from single files what the reference computes', () => {
    const { status, output } = parity(more, 'single_');
    expect(status, output).toBe(0);
  });

  it('fails where nothing ran', () => {
    expect(parity(import.meta.dirname).status).toBe(1);
  });
});
