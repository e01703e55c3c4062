// What `npm start` and `npm test` do before anything else: make sure that the Node version fits, the packages are those of
// the lock file and the build is that of the sources. Each step is skipped when nothing changed, so a second start is quick.
// Plain JavaScript without imports from node_modules: on a fresh clone there are none.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** @param forTests also what only tests need */
export function prepare({ forTests = false } = {}) {
  checkNode();
  step('The packages could not be installed', installPackages);
  step('The program could not be built', build);
  if (forTests) installBrowser();
}

/** What a step runs says itself what is wrong; a stack of this script would only hide it. */
function step(sentence, work) {
  try {
    work();
  } catch (error) {
    if (error.status === undefined) throw error;
    console.error(`${sentence}: the lines above say why. The same command tries again.`);
    process.exit(1);
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 20)) return;
  console.error(`Inkstone needs Node 20.20 or newer but this is ${process.versions.node}.`);
  process.exit(1);
}

function installPackages() {
  const stamp = join(root, 'node_modules', '.inkstone-lock');
  const wanted = hash(['package-lock.json', '.npmrc'].map((file) => readFileSync(join(root, file))));
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log('Installing packages …');
  // npm is a .cmd on Windows, which only a shell finds.
  run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error']);
  writeFileSync(stamp, wanted);
}

function build() {
  const sources = [
    'src',
    'schema',
    'tsconfig.json',
    'infra/setup/tsconfig.build.json',
    'infra/setup/tsconfig.client.json',
    'infra/setup/copy-assets.mjs',
  ].flatMap(files);
  const wanted = hash(sources.map((file) => `${relative(root, file)}\0${readFileSync(file, 'base64')}`));
  const stamp = join(root, 'dist', '.inkstone-sources');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log('Building …');
  run('npm', ['run', '--silent', 'build']);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

/** The page's test drives a real Chromium. Debian's is taken where it can be installed; elsewhere that test says it was skipped. */
function installBrowser() {
  if (['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].some((path) => existsSync(path)))
    return;
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.log('No Chromium here: the test of the page will be skipped. (Debian: apt-get install chromium)');
    return;
  }
  console.log('Installing Chromium for the test of the page …');
  try {
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-noto-cjk'], {
      DEBIAN_FRONTEND: 'noninteractive',
    });
  } catch {
    console.log('Chromium could not be installed: the test of the page will be skipped.');
  }
}

function run(command, args, env = {}) {
  execFileSync(command, args, {
    cwd: root,
    stdio: ['ignore', command === 'apt-get' ? 'ignore' : 'inherit', 'inherit'],
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
}

/** Every file at or under a path, sorted, so that equal trees hash alike. */
function files(path) {
  const absolute = join(root, path);
  if (!statSync(absolute).isDirectory()) return [absolute];
  return readdirSync(absolute, { recursive: true })
    .map((name) => join(absolute, name))
    .filter((file) => statSync(file).isFile())
    .sort();
}

function hash(parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part).update('\0');
  return sum.digest('hex');
}
