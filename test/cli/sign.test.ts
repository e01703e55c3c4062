import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseRecipe, verify } from '../../src/client/index.js';

const cli = join(import.meta.dirname, '../../dist/src/cli.js');
const key = { id: 'site', secret: 'a-secret-of-the-site' };
const env = { ...process.env, RENDER_KEYS: `${key.id}:${key.secret}` };

describe('inkstone sign', () => {
  it('prints the address of a recipe, with the defaults of its model written out', async () => {
    const recipe = '{"prompt": "a lighthouse", "seed": 7}';
    const args = [cli, 'sign', recipe, '--json', '--base', 'https://img.example/'];
    const told = JSON.parse(execFileSync(process.execPath, args, { env, encoding: 'utf8' })) as {
      url: string;
      recipe: object;
    };
    const url = new URL(told.url);
    expect(url.origin).toBe('https://img.example');
    expect((await verify(url.pathname, [key], Date.now())).outcome).toBe('valid');
    expect(parseRecipe(JSON.stringify(told.recipe))).toMatchObject({ operation: 'generate', seed: 7, width: 256 });
  });

  it('that is used wrongly ends with 2 and one sentence, which never has the secret', () => {
    const { status, stderr } = spawnSync(process.execPath, [cli, 'sign', '{"prompt": 1}'], { env, encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain('Expected `prompt` to be text but received 1.');
    expect(stderr).not.toContain(key.secret);
  });
});
