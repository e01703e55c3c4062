import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const clone = mkdtempSync(join(tmpdir(), 'inkstone-clone-'));
afterAll(() => rmSync(clone, { recursive: true, force: true }));

describe('what `npm start` does first', () => {
  it('ends with a sentence where npm cannot install, and shows what npm says', () => {
    mkdirSync(join(clone, 'infra/setup'), { recursive: true });
    for (const file of ['infra/setup/prepare.mjs', 'infra/setup/start.mjs', 'package.json', '.npmrc'])
      cpSync(join(root, file), join(clone, file));
    writeFileSync(join(clone, 'package-lock.json'), 'damaged');
    const { status, stderr } = spawnSync(process.execPath, [join(clone, 'infra/setup/start.mjs')], {
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toContain('npm error');
    expect(stderr).toMatch(
      /\nThe packages could not be installed: the lines above say why\. The same command tries again\.\n$/,
    );
    expect(stderr).not.toContain('    at ');
  });
});
