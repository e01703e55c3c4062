import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Lints the project's Dockerfile, changed as asked. */
function lint(change: (dockerfile: string) => string = (text) => text) {
  const folder = mkdtempSync(join(tmpdir(), 'inkstone-lint-'));
  const file = join(folder, 'Dockerfile');
  writeFileSync(file, change(readFileSync(join(root, 'Dockerfile'), 'utf8')));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'infra/image/lint.mjs'), file], {
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });
  return { status, said: stdout + stderr };
}

describe('the image', () => {
  it('has nothing to be found by the linter', () => {
    expect(lint()).toMatchObject({ status: 0, said: expect.stringContaining('in order') });
  });

  it.each([
    ['runs as root', /^USER .*$/m, '', 'other than root'],
    ['copies what is not there', 'COPY models models', 'COPY modles models', 'modles does not exist'],
    ['copies what is held back', 'COPY src src', 'COPY test src', 'held back by .dockerignore'],
    ['copies from a stage that is not there', '--from=build', '--from=bulid', 'expected an earlier stage'],
    ['takes any Node', /node:24-bookworm-slim$/m, 'node', 'expected a version'],
    ['takes an old Node', /node:24-bookworm-slim$/m, 'node:18-slim', 'expected Node'],
    ['keeps signals from the program', /^CMD .*$/m, 'CMD node dist/src/cli.js serve', 'exec form'],
    ['is not watched', 'readyz', 'nothing', 'HEALTHCHECK'],
    ['listens to itself only', 'HOST=0.0.0.0', 'HOST=127.0.0.1', 'nobody outside'],
  ])('is refused where it %s', (_, part, replacement, finding) => {
    const { status, said } = lint((text) => text.replace(part, replacement));
    expect(status).toBe(1);
    expect(said).toContain(finding);
  });
});
