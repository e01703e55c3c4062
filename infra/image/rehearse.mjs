// Goes through the Dockerfile without an engine: every COPY, RUN and ENV in a clean folder for each stage, then HEALTHCHECK and CMD of
// the image, one image, and a SIGTERM. What only an engine can do (base images, users) is skipped and said.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contextFilter, environment, execForm, readStages } from './dockerfile.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const place = mkdtempSync(join(tmpdir(), 'inkstone-image-'));
const lets = contextFilter(join(root, '.dockerignore'));
const accessKey = 'a key for the rehearsal';
/** Each finished stage, by name. */
const built = new Map();

try {
  const stages = readStages(join(root, 'Dockerfile'));
  for (const stage of stages) built.set(stage.name, build(stage));
  const image = built.get(stages.at(-1).name);
  const size = execFileSync('du', ['-sm', image.folder], { encoding: 'utf8' }).split('\t')[0];
  console.log(`\nThe image adds ${size} MB to its base. Starting it …`);
  await tryOut(image);
  console.log('\nThe Dockerfile works.');
} finally {
  rmSync(place, { recursive: true, force: true });
}

/** Follows a stage's instructions. Its folder stands for `/` in the image. */
function build({ base, name, instructions }) {
  const stage = { folder: join(place, name), env: {}, workdir: '/', cmd: null, healthcheck: null };
  console.log(`\n== ${name}`);
  if (built.has(base)) {
    const { folder, ...settings } = built.get(base);
    cpSync(folder, stage.folder, { recursive: true });
    Object.assign(stage, settings);
  } else {
    mkdirSync(stage.folder);
    console.log(`   skipped: FROM ${base} (no images here; this is Node ${process.versions.node})`);
  }
  for (const instruction of instructions) follow(stage, instruction);
  return stage;
}

function follow(stage, { name, flags, text, words }) {
  const what = [name, ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`), text].join(' ');
  const skip = (reason) => console.log(`   skipped: ${what} (${reason})`);
  if (!['USER', 'EXPOSE'].includes(name)) console.log(`   ${what}`);
  switch (name) {
    case 'ENV':
      return Object.assign(stage.env, environment(text));
    case 'WORKDIR':
      stage.workdir = text;
      return mkdirSync(inside(stage, text), { recursive: true });
    case 'VOLUME':
      return mkdirSync(inside(stage, text), { recursive: true });
    case 'COPY':
      return copy(stage, flags.from, words.slice(0, -1), words.at(-1));
    case 'RUN':
      return run(stage, text);
    case 'HEALTHCHECK':
      stage.healthcheck = execForm(text.replace(/^CMD /, ''));
      return;
    case 'CMD':
      stage.cmd = execForm(text);
      return;
    case 'USER':
      return skip('the program runs as whoever rehearses');
    case 'EXPOSE':
      return skip('a free port is taken instead');
    default:
      throw new Error(`The rehearsal does not know how to do ${what}.`);
  }
}

/** A path of the image as a path of this machine. */
function inside(stage, path) {
  return join(stage.folder, path.startsWith('/') ? path : join(stage.workdir, path));
}

function copy(stage, from, sources, target) {
  const origin = (source) => (from === undefined ? join(root, source) : inside(built.get(from), source));
  // The destination is a folder where it says so or where there are several sources.
  const isFolder = sources.length > 1 || target.endsWith('/') || target === '.';
  for (const source of sources) {
    const destination = inside(stage, isFolder ? join(target, basename(source)) : target);
    const filter = (path) => from !== undefined || statSync(path).isDirectory() || lets(path.slice(root.length + 1));
    if (from === undefined && !statSync(origin(source)).isDirectory() && !lets(source))
      throw new Error(`${source} is held back by .dockerignore.`);
    if (statSync(origin(source)).isDirectory() && isFolder)
      throw new Error(`COPY of the folder ${source} needs its own name as the destination.`);
    mkdirSync(dirname(destination), { recursive: true });
    cpSync(origin(source), destination, { recursive: true, filter, verbatimSymlinks: true });
  }
}

function run(stage, command) {
  let line = command;
  if (/\bapt(-get)?\b/.test(line)) return console.log('   skipped: that (packages of the system belong to the image)');
  if (process.getuid?.() !== 0 && /--(owner|group)=/.test(line)) {
    line = line.replace(/--(owner|group)=\S+/g, '');
    console.log('   without its owner (only root can give folders away)');
  }
  // Absolute paths of the image that it has made so far, or is about to make.
  line = line.replace(/(?<=^|[\s=])\/(?=[a-z])/g, `${stage.folder}/`);
  const { status } = spawnSync('sh', ['-ec', line], {
    cwd: inside(stage, stage.workdir),
    // A cache of its own: a step that empties it must not empty this machine's.
    env: { ...process.env, ...stage.env, npm_config_cache: join(place, 'npm-cache') },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`RUN ended with ${status}: ${command}`);
}

async function tryOut(image) {
  const port = String(await freePort());
  const paths = Object.fromEntries(
    Object.entries(image.env).map(([key, value]) => [key, value.startsWith('/') ? inside(image, value) : value]),
  );
  // Only what a container has: the image's own settings, what `docker run` adds, and where programs are.
  const env = { PATH: process.env.PATH, HOME: image.folder, ...paths, PORT: port, ACCESS_KEY: accessKey };
  const started = performance.now();
  const [program, ...args] = image.cmd;
  const server = spawn(program, args, {
    cwd: inside(image, image.workdir),
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const exited = new Promise((done) => server.once('exit', (code, signal) => done(code ?? signal)));
  try {
    await healthy(image, env, exited);
    console.log(`✓ healthy after ${Math.round(performance.now() - started)} ms`);
    await draw(`http://127.0.0.1:${port}`);
    console.log('✓ an image was drawn and served');
  } finally {
    server.kill('SIGTERM');
  }
  const code = await Promise.race([
    exited,
    new Promise((late) => setTimeout(late, 30_000, 'nothing within 30 s').unref()),
  ]);
  if (code !== 0) {
    server.kill('SIGKILL');
    throw new Error(`Expected exit code 0 after SIGTERM but received ${code}.`);
  }
  console.log('✓ ended in order after SIGTERM');
}

/** Waits as an engine would: by the image's own HEALTHCHECK. */
async function healthy({ healthcheck: [program, ...args] }, env, exited) {
  let ended = null;
  exited.then((code) => {
    ended = code;
  });
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; ) {
    const status = await new Promise((done) => spawn(program, args, { env, stdio: 'ignore' }).once('exit', done));
    if (status === 0) return;
    if (ended !== null) throw new Error(`The program ended with ${ended} before it was healthy.`);
    await new Promise((later) => setTimeout(later, 500));
  }
  throw new Error('The image was not healthy within two minutes.');
}

async function draw(url) {
  const query = `mutation { generate(input: { prompt: "a rocket above a castle, night sky background", seed: 1 }, waitMs: 60000) {
    ... on Generation { status images { url } problem { message } } ... on Problem { message } } }`;
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessKey}` },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = await response.json();
  if (data?.generate.status !== 'SUCCEEDED') throw new Error(`No image: ${JSON.stringify(errors ?? data)}`);
  const image = await fetch(data.generate.images[0].url);
  if (!image.ok || (await image.arrayBuffer()).byteLength < 1000) throw new Error('The image is not served.');
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}
