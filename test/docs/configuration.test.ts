import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configurationPage } from '../../infra/docs/configuration.js';
import { sections } from '../../src/app/config.js';

const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(root, 'docs', 'configuration.md'), 'utf8');
const settings = Object.values(sections).flatMap(({ schema }) => Object.entries(schema.shape));

describe('docs/configuration.md', () => {
  it('is what `npm run docs` prints', () => {
    expect(page).toBe(configurationPage());
  });

  it('describes every setting in a sentence', () => {
    const silent = settings.filter(([, setting]) => !/^[A-Z`][^|]{19,}\.$/.test(setting.meta()?.description ?? ''));
    expect(silent.map(([name]) => name)).toEqual([]);
  });

  it('tells a default that is the same on every machine', () => {
    expect(page).toContain('| `PORT` | `4000` | 0 … 65535 |');
    expect(page).toContain('| `ENGINE_THREADS` | all processors | 1 … 1024 |');
    expect(page).toContain('| `JOB_DEADLINE_MS` | `600000` (10 min) | milliseconds, from 100 |');
    expect(page).toContain('| `FETCH_IMAGES` | `on` | `on`, `off` |');
    expect(page).not.toContain(root);
  });

  it('names every variable that the program reads', () => {
    const read = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [...readFileSync(join(root, 'src', name), 'utf8').matchAll(/\benv\.([A-Z][A-Z0-9_]+)/g)])
      .map(([, name]) => name!);
    expect(read.length).toBeGreaterThan(0);
    expect(read.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
