import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** What runs a model, starts a process (miniflare: workerd's), drives a browser or registers a tracer for the whole process. */
const heavy = /^(onnxruntime-node|node:child_process|playwright-core|miniflare|@opentelemetry\/sdk-.+)$/;

const folder = import.meta.dirname;

/**
 * The test files by what they cost. Those that need no engine, process or browser, themselves or by anything that they import, take a
 * moment each and may share the cores; of the others few run at a time. The rule is read from the imports, so that no list is kept.
 */
export function testFiles(): { readonly fast: string[]; readonly engine: string[] } {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
  const known = new Map<string, readonly string[]>();
  const engine = files.filter((name) => needs(join(folder, name), known));
  const named = (names: readonly string[]) => names.map((name) => `test/${name.replaceAll('\\', '/')}`).sort();
  return { fast: named(files.filter((name) => !engine.includes(name))), engine: named(engine) };
}

function needs(file: string, known: Map<string, readonly string[]>): boolean {
  const [seen, open] = [new Set<string>(), [file]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (heavy.test(next)) return true;
    if (seen.has(next) || !next.endsWith('.ts')) continue;
    seen.add(next);
    if (!known.has(next)) known.set(next, importsOf(next));
    open.push(...known.get(next)!);
  }
  return false;
}

/** Packages by name, files of ours by path. What is imported only as a type is left out. */
function importsOf(file: string): string[] {
  const statement = /^\s*(?:import|export)\s+(?!type\s)(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\(\s*'([^']+)'\s*\)/gm;
  return [...readFileSync(file, 'utf8').matchAll(statement)].map((match) => {
    const specifier = match[1] ?? match[2]!;
    if (!specifier.startsWith('.')) return specifier;
    const path = resolve(dirname(file), specifier);
    return existsSync(path) ? path : path.replace(/\.js$/, '.ts');
  });
}
