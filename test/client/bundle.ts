import { join } from 'node:path';
// Bundles what browsers and Workers run; it comes with tsx.
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');

/** A TypeScript file and what it imports as one minified ES module. */
export async function bundle(file: string): Promise<string> {
  const { outputFiles } = await build({
    ...{ entryPoints: [join(root, file)], bundle: true, minify: true, write: false },
    ...{ format: 'esm', target: 'es2022', platform: 'neutral' },
  });
  return outputFiles[0]!.text;
}
