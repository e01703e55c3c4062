import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graphql, type Program, startProgram } from '../program.js';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const run = promisify(execFile);

/** The code blocks of a language. */
const blocks = (language: string) =>
  [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , code]) => code!);
const block = (language: string, word: string) => {
  const found = blocks(language).filter((code) => code.includes(word));
  if (found.length !== 1)
    throw new Error(`Expected one ${language} block with "${word}" but received ${found.length}.`);
  return found[0]!;
};

describe('README.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inkstone-readme-'));
  let program: Program;

  beforeAll(async () => {
    symlinkSync(join(root, 'dist'), join(folder, 'dist'));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    program = await startProgram();
  });
  afterAll(async () => {
    await program?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a block in a folder of its own, against the server that runs. */
  async function execute(command: string, args: readonly string[], code: string): Promise<string> {
    const { NODE_OPTIONS: _, ...others } = process.env;
    const { stdout } = await run(command, [...args, here(code)], {
      cwd: folder,
      env: { ...others, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1', PYTHONIOENCODING: 'utf8' },
    });
    return stdout;
  }
  const here = (code: string) => code.replaceAll('http://127.0.0.1:4000', program.url);
  const node = (code: string) => execute(process.execPath, ['--input-type=module', '-e'], code);
  const sizeOf = async (name: string) => {
    const { width, height } = await sharp(join(folder, name)).metadata();
    return [width, height];
  };

  it('is short, and names commands that there are', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(140);
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    expect(block('sh', 'npm start')).toContain('npm test');
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['start', 'test']));
  });

  it('shows a moving image that loads quickly', async () => {
    const preview = join(root, 'docs/preview.webp');
    expect((await sharp(preview).metadata()).pages).toBeGreaterThan(5);
    expect(statSync(preview).size).toBeLessThan(400_000);
  });

  it('draws and edits from a terminal', async () => {
    await execute('sh', ['-ec'], block('sh', 'cli.js generate'));
    expect([await sizeOf('panda.png'), await sizeOf('tiger.png')]).toEqual([
      [256, 256],
      [256, 256],
    ]);
  });

  it('asks with curl', async () => {
    const { data } = JSON.parse(await execute('sh', ['-ec'], block('sh', 'curl')));
    expect((await fetch(data.generate.images[0].url)).status).toBe(200);
  });

  it('watches with fetch', async () => {
    const printed = await node(block('js', 'TextDecoderStream'));
    expect(printed).toContain('data:image/webp;base64,');
    expect(printed).toMatch(/images\/[0-9a-f]{64}/);
  });

  it('asks with Apollo', async () => {
    expect(await node(block('js', '@apollo/client'))).toMatch(/^http.*\/images\/[0-9a-f]{64}/);
  });

  it.skipIf(!['/usr/bin', '/usr/local/bin', '/root/.pyenv/shims'].some((at) => existsSync(`${at}/python3`)))(
    'asks with Python',
    async () => {
      await execute('python3', ['-c'], block('python', 'urllib'));
      expect(await sizeOf('castle.png')).toEqual([256, 256]);
    },
  );

  it('shows images that there are, in every size and format that it writes', async () => {
    const { generate } = await graphql<{ generate: { images: { sha256: string }[] } }>(
      program.url,
      'mutation { generate(input: { prompt: "a dog", seed: 1 }, waitMs: 60000) { ... on Generation { images { sha256 } } } }',
    );
    const html = here(block('html', 'srcset')).replaceAll('SHA256', generate.images[0]!.sha256);
    const addresses = [...html.matchAll(/http:\S+?(?=["\s])/g)].map(([address]) => address);
    expect(addresses).toHaveLength(3);
    for (const address of addresses) {
      const { width } = await sharp(Buffer.from(await (await fetch(address)).arrayBuffer())).metadata();
      expect(width).toBe(Number(new URL(address).searchParams.get('w')));
    }
  });

  it('asks for nothing that the schema does not have', async () => {
    const python = /"""([\s\S]*?)"""/.exec(block('python', 'urllib'))![1]!;
    const apollo = /gql`([\s\S]*?)`/.exec(block('js', '@apollo/client'))![1]!;
    const fetched = [...block('js', 'TextDecoderStream').matchAll(/`((?:mutation|subscription)[\s\S]*?)`/g)].map(
      ([, query]) => query!,
    );
    const { buildSchema, parse, validate } = await import('graphql');
    const schema = buildSchema(readFileSync(join(root, 'schema/schema.graphql'), 'utf8'));
    for (const query of [python, apollo, ...fetched]) expect(validate(schema, parse(query))).toEqual([]);
  });
});
