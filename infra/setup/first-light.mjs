// What the README promises, tried from outside: `npm start`, open the address it prints, draw, ask again. Used by CI on a clean clone.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const data = mkdtempSync(join(tmpdir(), 'inkstone-first-light-'));
const server = spawn('npm', ['start'], {
  cwd: root,
  env: { ...process.env, PORT: '0', DATA_DIR: data },
  stdio: ['ignore', 'pipe', 'inherit'],
  detached: true, // a group of its own, so that npm and what it started end together
});

try {
  const url = await addressPrinted(server, 300_000);
  const page = await fetch(url);
  expect(page.ok && (await page.text()).includes('<html'), 'the page at / is served');
  const first = await draw(url);
  expect(
    first.status === 'SUCCEEDED' && first.cache === 'MISS',
    `the first request is drawn: ${JSON.stringify(first)}`,
  );
  const image = await fetch(first.images[0].url);
  expect(image.ok && (await image.arrayBuffer()).byteLength > 1000, 'the image is served');
  const again = await draw(url);
  expect(
    again.cache === 'HIT' && again.images[0].url === first.images[0].url,
    'the same request is answered from memory',
  );
} finally {
  process.kill(-server.pid, 'SIGTERM');
  await new Promise((resolve) => server.once('exit', resolve));
  rmSync(data, { recursive: true, force: true });
}

async function draw(url) {
  const query = `mutation { generate(input: { prompt: "一只狗在左边，草地背景", seed: 1 }, waitMs: 60000) {
    ... on Generation { status cache images { url } } ... on Problem { message } } }`;
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return (await response.json()).data.generate;
}

function addressPrinted({ stdout }, limitMs) {
  return new Promise((resolve, reject) => {
    let printed = '';
    stdout.on('data', (chunk) => {
      process.stdout.write(chunk);
      printed += chunk;
      if (/^Ready /m.test(printed)) resolve(/https?:\/\/[^\s/]+/.exec(printed)?.[0]);
    });
    stdout.on('end', () => reject(new Error('The program ended before it was ready.')));
    setTimeout(() => reject(new Error('The program was not ready in time.')), limitMs).unref();
  });
}

function expect(holds, claim) {
  if (!holds) throw new Error(`Not so: ${claim}`);
  console.log(`✓ ${claim.split(':')[0]}`);
}
