import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Outermost first, a floor a line: a folder may import from those that stand after it, never from those before. */
const floors = [
  ['root', 'cli', 'app'],
  ['http'],
  ['schema', 'render'],
  ['generation'],
  ['jobs'],
  ['inputs', 'images', 'stores', 'cache'],
  ['catalog', 'engine'],
  ['compiler', 'checkpoint'],
];
/** May be imported from anywhere and imports nothing of ours. */
const leaves = ['telemetry', 'environment', 'domain', 'client'];

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** The imported file, relative to the root, when it is ours. */
  readonly target: string | null;
  /** Erased by the compiler: it may close a cycle of types, but not point up. */
  readonly typeOnly: boolean;
}

const sources = ['src', 'schema'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
);
const imports = sources.flatMap(importsOf);

describe('the architecture', () => {
  it(`imports point one way: ${floors.map((folders) => folders.join(' · ')).join(' → ')}`, () => {
    const wrong = imports.filter(({ from, target }) => target !== null && !allowed(folderOf(from), folderOf(target)));
    expect(wrong.map(({ from, specifier }) => `${from} imports ${specifier}`)).toEqual([]);
  });

  it('has no cycles between files', () => {
    const edges = new Map<string, string[]>();
    for (const { from, target, typeOnly } of imports) {
      if (target !== null && !typeOnly) edges.set(from, [...(edges.get(from) ?? []), target]);
    }
    expect(cycleIn(edges)).toBeNull();
  });

  it.each([
    ['onnxruntime-node', /^src\/engine\/runtime\/session\.ts$/],
    ['sharp', /^src\/images\//],
    ['libsql', /^src\/stores\/generations\//],
    ['@aws-sdk/client-s3', /^src\/stores\/images\//],
    ['pg', /^src\/stores\/generations\//],
  ])('imports %s in one place only', (library, place) => {
    const users = imports.filter(({ specifier }) => specifier === library).map(({ from }) => from);
    expect(users.length).toBeGreaterThan(0);
    expect(users.filter((file) => !place.test(file))).toEqual([]);
  });

  it.each(['guidanceNormalization', 'guidanceTruncation'])(
    'a sampling field costs a line where it is declared, described, read and used, as %s does',
    (field) => {
      const spelling = sources.filter((file) => readFileSync(join(root, file), 'utf8').includes(field));
      expect(spelling.sort()).toEqual([
        'schema/sampling.ts',
        'src/cli/options.ts',
        'src/client/fields.ts',
        'src/client/recipe.ts',
        'src/domain/sampling.ts',
        'src/engine/pipelines/guidance.ts',
        'src/generation/request/sampling.ts',
      ]);
    },
  );

  it('has no folder for things without a name', () => {
    expect(sources.filter((file) => /(^|\/)(utils?|helpers?|common|misc)(\/|\.ts$)/.test(file))).toEqual([]);
  });

  it('keeps its own timers: Node 20 collects a timeout’s signal that nothing but AbortSignal.any holds', () => {
    const using = sources.filter((file) =>
      /\bAbortSignal\s*\.\s*(?:timeout|any)\(/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(using).toEqual([]);
  });
});

function allowed(from: string, to: string): boolean {
  if (from === to || leaves.includes(to)) return true;
  if (leaves.includes(from)) return false;
  // What starts the program, its commands and its composition call each other.
  return place(to) > place(from) || (isTop(from) && isTop(to));
}

const isTop = (folder: string) => floors[0]!.includes(folder);

function place(folder: string): number {
  const index = floors.flat().indexOf(folder);
  if (index < 0) throw new Error(`The folder "${folder}" has no place on the floors.`);
  return index;
}

/** `src/jobs/queue.ts` → `jobs`; `schema/image.ts` → `schema`; `src/app/local.ts` → `root`. */
function folderOf(file: string): string {
  const [top, second, third] = file.split('/');
  if (top === 'schema') return 'schema';
  return third === undefined ? 'root' : (second ?? 'root');
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const statement = /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\(\s*'([^']+)'\s*\)/gm;
  return [...text.matchAll(statement)].map((match) => {
    const specifier = match[2] ?? match[3] ?? '';
    const target = specifier.startsWith('.')
      ? relative(root, join(root, dirname(file), specifier)).replace(/\.js$/, '.ts')
      : null;
    return { from: file, specifier, target, typeOnly: match[1] !== undefined };
  });
}

function cycleIn(edges: ReadonlyMap<string, readonly string[]>): string | null {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(' → ');
    if (done.has(file)) return null;
    for (const next of edges.get(file) ?? []) {
      const found = visit(next, [...path, file]);
      if (found !== null) return found;
    }
    done.add(file);
    return null;
  };
  for (const file of edges.keys()) {
    const found = visit(file, []);
    if (found !== null) return found;
  }
  return null;
}
