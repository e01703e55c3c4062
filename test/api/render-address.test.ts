import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRecipe, sign } from '../../src/client/index.js';
import { openServer, operation, type TestServer } from './server.js';

const key = { id: 'site', secret: 'a secret of the site' };
interface Signed {
  readonly renderAddress: {
    readonly url: string;
    readonly seed: number;
    readonly recipe: string;
    readonly message: string;
  };
}

let server: TestServer;
beforeAll(async () => {
  server = await openServer({ env: { RENDER_KEYS: `${key.id}:${key.secret}` } });
});
afterAll(() => server.close());

const signed = async (input: object, more: object = {}) =>
  (await server.ask<Signed>(operation('render-address'), { input, ...more })).renderAddress;

describe('renderAddress', () => {
  it('signs a recipe in which every default is written out, as the client does', async () => {
    const { url, recipe, seed } = await signed({ generate: { prompt: 'a red house', seed: 7 } });
    expect(seed).toBe(7);
    const whole = parseRecipe(recipe);
    expect(whole).toMatchObject({ operation: 'generate', width: 64, height: 64, steps: 4, guidance: 0, seed: 7 });
    expect(new URL(url).pathname).toBe(await sign(whole, key));
    const response = await server.fetch(new Request(url));
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
  });

  it('draws the seed that is left out, and says it', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => signed({ generate: { prompt: 'a red house' } })));
    expect(one!.seed).not.toBe(other!.seed);
    expect(parseRecipe(one!.recipe).seed).toBe(one!.seed);
  });

  it('takes an image of this server by its address, for an edit', async () => {
    const { url } = await signed({ generate: { prompt: 'a red house', seed: 7 } });
    const tag = (await server.fetch(new Request(url))).headers.get('cache-tag')!;
    const id = /image-([0-9a-f]{64})/.exec(tag)![1]!;
    const image = { url: `${new URL(url).origin}/images/${id}.webp?w=64` };
    const edit = await signed({ edit: { image, prompt: 'a blue house', strength: 0.5 } });
    expect(parseRecipe(edit.recipe)).toMatchObject({ operation: 'edit', image: id, strength: 0.5 });
    expect((await server.fetch(new Request(edit.url))).status).toBe(200);
  });

  it.each([
    [{ generate: { prompt: 'x', count: 2 } }, {}, 'Expected `count` to be 1'],
    [{ generate: { prompt: 'x', dynamicGuidance: true } }, {}, 'Expected `dynamicGuidance` to be left out'],
    [{ generate: { prompt: 'x', cache: 'REFRESH' } }, {}, 'Expected `cache` to be left out'],
    [{ generate: { prompt: 'x', model: 'none' } }, {}, 'Expected `model` to be one of'],
    [{ generate: { prompt: 'x'.repeat(5000) } }, {}, 'short enough for an address of 4096 characters'],
    [
      { edit: { prompt: 'x', image: { url: 'https://elsewhere.test/a.png' } } },
      {},
      'Expected `image` to be an image of this server',
    ],
    [
      { generate: { prompt: 'x' } },
      { keyId: 'other' },
      'Expected `keyId` to be one of RENDER_KEYS (site) but received other',
    ],
  ])('refuses what an address cannot say: %j %j', async (input, more, sentence) => {
    expect((await signed(input, more)).message).toContain(sentence);
  });
});
