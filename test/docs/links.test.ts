import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const markdown = (folder: string) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.md'));
const pages = ['.', 'docs'].flatMap((folder) => markdown(folder).map((name) => join(root, folder, name)));

/** Of a heading, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!));
}

/** What does not lead anywhere, of links within the project. */
function broken(page: string): string[] {
  const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return links.filter((link) => {
    if (/^(https?|mailto):/.test(link)) return false;
    const [path, anchor] = link.split('#') as [string, string?];
    const file = path === '' ? page : join(dirname(page), path);
    return !existsSync(file) || (anchor !== undefined && !anchorsOf(file).includes(anchor));
  });
}

describe('the documents', () => {
  it.each(pages.map((page) => relative(root, page)))('%s links to what is there', (page) => {
    expect(broken(join(root, page))).toEqual([]);
  });

  it('are those that people look for', () => {
    const wanted = ['README.md', 'LICENSE', 'NOTICE', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'];
    const docs = ['configuration', 'architecture', 'deployment'].map((name) => `docs/${name}.md`);
    expect([...wanted, ...docs].filter((name) => !existsSync(join(root, name)))).toEqual([]);
    expect(readFileSync(join(root, 'LICENSE'), 'utf8')).toContain(
      'Apache License\n                           Version 2.0',
    );
  });

  it('name settings and commands that there are', () => {
    const settings = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const operators = ['docs/deployment.md', 'SECURITY.md'].map((page) => readFileSync(join(root, page), 'utf8'));
    const named = [...operators.join('\n').matchAll(/`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`/g)].map(([, name]) => name!);
    const ours = named.filter((name) => !/^(OTEL|X)_/.test(name));
    expect(ours.filter((name) => !settings.includes(`\`${name}\``))).toEqual([]);
    const text = pages.map((page) => readFileSync(page, 'utf8')).join('\n');
    const run = [...text.matchAll(/npm run ([a-z]+)/g)].map(([, name]) => name!);
    expect(run.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('and CI run the same script', () => {
    expect(readFileSync(join(root, '.github/workflows/ci.yml'), 'utf8')).toContain('run: bash .ci/run');
  });
});
