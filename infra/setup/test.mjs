// `npm test`: packages and build (prepare.mjs), formatter and linter, types, then every test. Arguments go to vitest
// (`npm test -- test/cache`), which then runs alone. `--fast` are the tests without an engine, a process or a browser (test/kinds.ts).
// The last line is "N passed, N failed, N skipped", for people and for programs that read it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from './prepare.mjs';

prepare({ forTests: true });
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const chosen = process.argv.slice(2).map((argument) => (argument === '--fast' ? '--project=fast' : argument));
const reports = mkdtempSync(join(tmpdir(), 'inkstone-test-'));
const report = join(reports, 'vitest.json');

const failedChecks =
  chosen.length > 0
    ? 0
    : [
        ['biome', 'check', '.'],
        ['tsc', '-p', 'tsconfig.json', '--noEmit'],
      ].filter((step) => !passes(step)).length;
const testsPass = passes([
  'vitest',
  'run',
  '--root=.',
  '--config=test/vitest.config.ts',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...chosen,
]);

const { passed, failed, skipped } = tally();
rmSync(reports, { recursive: true, force: true });
const failures = failed + failedChecks + (testsPass || failed > 0 ? 0 : 1);
console.log(`${passed} passed, ${failures} failed, ${skipped} skipped`);
process.exit(failures > 0 || passed === 0 ? 1 : 0);

/** Runs a package's program with this Node, as `npx` would. */
function passes([program, ...args]) {
  const bin = join(root, 'node_modules', '.bin', program);
  return spawnSync(bin, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' }).status === 0;
}

function tally() {
  try {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
