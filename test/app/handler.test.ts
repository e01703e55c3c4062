import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const key = 'a key of sixteen characters';

/** Runs a program that imports the package's handler, as a host's would, and resolves with what it prints. */
function hosted(program: string, env: Readonly<Record<string, string>>): string {
  const data = mkdtempSync(join(tmpdir(), 'inkstone-handler-'));
  // Within the package, which so finds itself by its name.
  const file = join(root, 'dist', `${basename(data)}.mjs`);
  writeFileSync(file, `import { createHandler } from 'inkstone/handler'; ${program}`);
  try {
    return execFileSync(process.execPath, [file], {
      ...{ cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
      env: { ...process.env, DATA_DIR: data, LOG_LEVEL: 'warn', ...env },
    });
  } finally {
    rmSync(data, { recursive: true, force: true });
    rmSync(file);
  }
}

it('inkstone/handler answers requests without a port, and ends when it is closed', () => {
  const printed = hosted(
    `const handler = createHandler();
     const ask = (headers) => handler.fetch(new Request('https://images.example/graphql', {
       method: 'POST',
       headers: { 'content-type': 'application/json', ...headers },
       body: JSON.stringify({ query: 'mutation { generate(input: { prompt: "a cat", seed: 1, width: 64, height: 64 }, waitMs: 60000) { ... on Generation { status images { url } } } }' }),
     }));
     const closed = await ask({});
     const { data } = await (await ask({ authorization: 'Bearer ${key}' })).json();
     await handler.close();
     console.log(JSON.stringify([closed.status, data.generate.status, new URL(data.generate.images[0].url).host]));`,
    { ACCESS_KEY: key },
  );
  expect(JSON.parse(printed)).toEqual([401, 'SUCCEEDED', 'images.example']);
});

it('inkstone/handler asks for an access key', () => {
  const refused = 'try { createHandler({}); } catch (error) { console.log(String(error)); }';
  expect(hosted(refused, {})).toBe(
    'ConfigError: ACCESS_KEY: expected a key of at least 16 characters but received none.\n',
  );
});
