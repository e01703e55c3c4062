import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, house, long, openServer, operation, origin, type TestServer } from './server.js';

let server: TestServer;
let loads = 0;
beforeAll(async () => {
  server = await openServer({
    wrap: (service) =>
      changed(service, {
        images(caller, ids) {
          loads++;
          return service.images(caller, ids);
        },
      }),
  });
});
afterAll(() => server.close());

interface Drawn {
  readonly generate: {
    readonly __typename: string;
    readonly id: string;
    readonly status: string;
    readonly cache: string;
    readonly seed: number;
    readonly images: { readonly id: string; readonly url: string; readonly seed: number }[];
    readonly field?: string;
    readonly message?: string;
    readonly available?: string[];
    readonly fingerprint?: string;
    readonly retryAfterMs?: number;
  };
}

const draw = async (input: Record<string, unknown>) =>
  (await server.ask<Drawn>(operation('generate'), { input })).generate;

describe('generate', () => {
  it('draws an image that can be fetched, and answers the same request from memory', async () => {
    const first = await draw(house);
    expect(first).toMatchObject({ __typename: 'Generation', status: 'SUCCEEDED', cache: 'MISS', seed: 7 });
    const image = await server.fetch(new Request(first.images[0]!.url));
    expect(image.status).toBe(200);
    const again = await draw(house);
    expect(again.cache).toBe('HIT');
    expect(again.id).not.toBe(first.id);
    expect(again.images).toEqual(first.images);
  });

  it('draws several images with seeds that count up', async () => {
    const { images } = await draw({ ...house, seed: 100, count: 3 });
    expect(images.map(({ seed }) => seed)).toEqual([100, 101, 102]);
    const alone = await draw({ ...house, seed: 101 });
    expect(alone).toMatchObject({ cache: 'HIT' });
    expect(alone.images[0]!.id).toBe(images[1]!.id);
  });

  it('takes a seed as a decimal string, as large as 2^53 − 1, and answers it as a number', async () => {
    expect(await draw({ ...house, seed: '9007199254740991' })).toMatchObject({ seed: 9007199254740991 });
  });

  it.each([
    ['-1', -1],
    ['1.5', 1.5],
    ['"9007199254740992"', '9007199254740992'],
    ['"seven"', 'seven'],
  ])('refuses the seed %s and says what a seed is', async (_name, seed) => {
    const { errors } = (await (
      await server.post({ query: operation('generate'), variables: { input: { ...house, seed } } })
    ).json()) as { errors: { message: string }[] };
    expect(errors[0]!.message).toContain('Expected a Seed to be a whole number between 0 and 9007199254740991');
  });

  it.each([
    ['a width that is no multiple of 16', { width: 100 }, 'width'],
    ['a height beyond the model', { height: 100_000 }, 'height'],
    ['no steps', { steps: 0 }, 'steps'],
    ['too many steps', { steps: 101 }, 'steps'],
    ['nine images', { count: 9 }, 'count'],
    ['guidance that the model has not', { guidance: 3 }, 'guidance'],
    ['an empty prompt', { prompt: ' ' }, 'prompt'],
    ['a prompt far beyond what is read', { prompt: 'word '.repeat(3000) }, 'prompt'],
    ['only from memory, with a seed to be drawn', { seed: null, cache: 'ONLY' }, 'seed'],
  ])('refuses %s, by the name of the field', async (_name, change, field) => {
    const refused = await draw({ ...house, ...change });
    expect(refused).toMatchObject({ __typename: 'InvalidInput', field });
    expect(refused.message).toMatch(/^Expected .* but received/s);
  });

  it('names the models there are when it is asked for another', async () => {
    const refused = await draw({ ...house, model: 'no-such' });
    expect(refused).toMatchObject({ __typename: 'UnknownModel', available: ['tiny-turbo'] });
    expect((await draw({ ...house, model: refused.available![0] })).status).toBe('SUCCEEDED');
  });

  it('says so when an image that is wanted from memory is not there', async () => {
    expect(await draw({ ...house, seed: 424242, cache: 'ONLY' })).toMatchObject({ __typename: 'NotCached' });
  });

  it('refuses a wait that is too long', async () => {
    const { generate } = await server.ask<Drawn>(
      'mutation($i: GenerateInput!) { generate(input: $i, waitMs: 100000000) { __typename ... on InvalidInput { field } } }',
      { i: house },
    );
    expect(generate).toEqual({ __typename: 'InvalidInput', field: 'waitMs' });
  });

  it('answers at once without a wait, and cancel stops the work', async () => {
    const started = (await server.ask<Drawn>(operation('start'), { input: { ...long, seed: 1 } })).generate;
    expect(['QUEUED', 'RUNNING']).toContain(started.status);
    const cancelled = await server.ask(operation('cancel'), { id: started.id });
    expect(cancelled).toMatchObject({ cancel: { __typename: 'Generation', status: 'CANCELLED' } });
  });

  it('a caller who is gone before it was told the id stops the work', async () => {
    const leaving = new AbortController();
    const before = server.log.length;
    const query = operation('generate');
    const request = server.fetch(
      new Request(`${origin}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables: { input: { ...long, seed: 2 } } }),
        signal: leaving.signal,
      }),
    );
    setTimeout(() => leaving.abort(), 300);
    await request.catch(() => {});
    // The engine is free again long before a hundred steps could be over.
    expect((await draw({ ...house, seed: 3 })).status).toBe('SUCCEEDED');
    expect(server.log.slice(before)).toEqual([]);
    const ask = 'mutation($input: GenerateInput!) { generate(input: $input) { ... on Generation { id cache } } }';
    const again = (await server.ask<Drawn>(ask, { input: { ...long, seed: 2 } })).generate;
    expect(again.cache).toBe('MISS');
    await server.ask(operation('cancel'), { id: again.id });
  });

  it('cancelling what never was is a NotFound', async () => {
    expect(await server.ask(operation('cancel'), { id: 'nobody' })).toMatchObject({
      cancel: { __typename: 'NotFound' },
    });
  });
});

describe('queries', () => {
  it('finds generation, image and model by the ids that were given out', async () => {
    const made = await draw(house);
    expect(await server.ask(operation('generation'), { id: made.id })).toMatchObject({
      generation: {
        id: made.id,
        status: 'SUCCEEDED',
        modelName: 'tiny-turbo',
        prompt: house.prompt,
        step: 4,
        totalSteps: 4,
      },
    });
    const imageId = made.images[0]!.id;
    const { image } = await server.ask<{ image: { sha256: string } }>(operation('image'), { id: imageId });
    expect(await server.ask(operation('image'), { id: image.sha256 })).toMatchObject({ image: { id: imageId } });
    const { models } = await server.ask<{ models: { id: string }[] }>(operation('models'));
    for (const [id, type] of [
      [made.id, 'Generation'],
      [imageId, 'Image'],
      [models[0]!.id, 'Model'],
    ] as const)
      expect(await server.ask(operation('node'), { id })).toMatchObject({ node: { __typename: type, id } });
  });

  it('answers null for ids of nothing', async () => {
    const nothing = Buffer.from('Image:nothing').toString('base64');
    expect(await server.ask(operation('generation'), { id: 'nothing' })).toEqual({ generation: null });
    expect(await server.ask(operation('image'), { id: nothing })).toEqual({ image: null });
  });

  it('loads the images of many generations in one go', async () => {
    const ids = [
      (await draw(house)).id,
      (await draw({ ...house, seed: 101 })).id,
      (await draw({ ...house, seed: 102 })).id,
    ];
    loads = 0;
    const query = `{ ${ids.map((id, i) => `g${i}: generation(id: "${id}") { images { thumbhash } }`).join(' ')} }`;
    await server.ask(query);
    expect(loads).toBe(1);
  });

  it('tells of a generation although some of its images are no longer remembered', async () => {
    const small = await openServer({ env: { IMAGE_STORE_BYTES: '1', GENERATION_LIMIT: '10' } });
    const draw =
      'mutation($input: GenerateInput!) { generate(input: $input, waitMs: 60000) { ... on Generation { id } } }';
    const { generate } = await small.ask<{ generate: { id: string } }>(draw, { input: { ...house, count: 8 } });
    await small.ask(draw, { input: { ...house, seed: 50, count: 8 } });
    const query = 'query($id: ID!) { generation(id: $id) { status images { seed } } }';
    const { generation } = await small.ask<{ generation: { status: string; images: unknown[] } }>(query, generate);
    expect(generation.status).toBe('SUCCEEDED');
    expect(generation.images.length).toBeLessThan(8);
    await small.close();
  });

  it.each(['1.0', '1e3', 'ENUM', '-1', '9007199254740992'])('refuses the seed %s, and says what came', async (seed) => {
    const query = `mutation { generate(input: { prompt: "x", seed: ${seed} }) { __typename } }`;
    await expect(server.ask(query)).rejects.toThrow(`and ${Number.MAX_SAFE_INTEGER} but received ${seed}.`);
  });

  it('refuses an image address that no image could have', async () => {
    const { images } = await draw(house);
    await expect(
      server.ask('query($id: ID!) { image(id: $id) { url(width: 0) } }', { id: images[0]!.id }),
    ).rejects.toThrow('Expected `width` to be between 1 and');
  });
});

describe('the operations that ship with the schema', () => {
  const names = readdirSync(join(import.meta.dirname, '../../schema/operations')).map((file) =>
    file.replace('.graphql', ''),
  );
  const tests = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.test.ts'));
  const texts = tests.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8')).join('');
  const executed = new Set([...texts.matchAll(/operation\('([\w-]+)'\)/g)].map(([, name]) => name));

  it('are each executed by a test of this folder', () => {
    expect(names.filter((name) => !executed.has(name))).toEqual([]);
  });
});
