import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withSection } from '../../infra/docs/section.js';

const docs = (name: string) => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8');

describe('a section that a command writes', () => {
  it('is replaced, and nothing around it', () => {
    const page = '# Page\n\n<!-- a -->\n\nold\n\n<!-- /a -->\n\nrest\n';
    const written = withSection(page, 'a', '| new |\n');
    expect(written).toBe('# Page\n\n<!-- a -->\n\n| new |\n\n<!-- /a -->\n\nrest\n');
    expect(withSection(written, 'a', '| new |\n')).toBe(written);
  });

  it('is never made up', () => {
    expect(() => withSection('# Page\n', 'a', 'text')).toThrow('Expected a section <!-- a --> … <!-- /a -->');
  });

  it.each([
    ['models.md', 'judge prompts inkling-turbo'],
    ['models.md', 'judge prompts inkling-base'],
    ['models.md', 'judge edits inkling-edit'],
    ['models.md', 'judge refine inkling-refiner'],
    ['models.md', 'judge lora inkling-turbo'],
    ['models.md', 'judge lora inkling-base'],
    ['models.md', 'judge signs inkling-base'],
    ['benchmarks.md', 'bench'],
  ])('is in %s: %s', (page, name) => {
    expect(() => withSection(docs(page), name, '')).not.toThrow();
  });
});
