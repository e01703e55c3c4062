import { describe, expect, it } from 'vitest';
import { canonicalJson, parseRecipe, type Recipe } from '../../src/client/index.js';
import { lighthouse } from './recipes.js';

const id = 'ab'.repeat(32);

describe('the canonical form of a recipe', () => {
  it('has its fields in one order, however they are written, and leaves out what is neutral', () => {
    const shuffled = Object.fromEntries(Object.entries(lighthouse).reverse()) as unknown as Recipe;
    const neutral = { negativePrompt: '', guidanceNormalization: 0, guidanceTruncation: 1, loras: [] };
    expect(canonicalJson({ ...shuffled, ...neutral } as Recipe)).toBe(
      '{"operation":"generate","model":"inkling-turbo","prompt":"a lighthouse","width":256,"height":256,"steps":4,"guidance":0,"seed":7}',
    );
  });

  it('writes texts that look alike in one way', () => {
    const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301'];
    expect(canonicalJson({ ...lighthouse, prompt: decomposed })).toBe(
      canonicalJson({ ...lighthouse, prompt: composed }),
    );
  });

  it('orders adapters by id and drops those of weight 0', () => {
    const loras = [...['b', 'a'].map((id) => ({ id, weight: 0.5 })), { id: 'c', weight: 0 }];
    expect(canonicalJson({ ...lighthouse, loras })).toContain(
      '"loras":[{"id":"a","weight":0.5},{"id":"b","weight":0.5}]',
    );
  });

  it('is read as it was written, for every operation', () => {
    const recipes: Recipe[] = [
      lighthouse,
      {
        ...{
          operation: 'edit',
          model: 'm',
          prompt: 'p',
          image: id,
          mask: id,
          strength: 1,
          steps: 4,
          guidance: 2,
          seed: 1,
        },
      },
      {
        ...{ operation: 'refine', model: 'm', image: id, strength: 0.4, steps: 4, seed: 1 },
        regions: [{ x: 0, y: 0, width: 8, height: 8 }],
      },
    ];
    for (const recipe of recipes) expect(parseRecipe(canonicalJson(recipe))).toEqual(recipe);
  });

  it.each([
    [
      'a seed that is left out',
      { seed: undefined },
      'Expected `seed` to be a whole number of at least 0 but received nothing.',
    ],
    ['a field that is not known', { sed: 1 }, 'Expected `sed` to be left out of generate but received 1.'],
    ['a field of another operation', { image: id }, 'Expected `image` to be left out of generate but received "abab'],
    ['half of a surrogate pair', { prompt: '\ud800' }, 'Expected `prompt` to be valid Unicode but received "half of'],
    ['a number that is text', { steps: '4' }, 'Expected `steps` to be a whole number of at least 1 but received "4".'],
    [
      'an unknown operation',
      { operation: 'draw' },
      'Expected `operation` to be one of generate, edit, refine but received "draw".',
    ],
    [
      'a mask without a strength',
      { ...{ operation: 'edit', image: id, mask: id, width: null, height: null } },
      '`strength` to be given where there is a mask',
    ],
  ])('refuses %s, and names it', (_, change, sentence) => {
    expect(() => canonicalJson({ ...lighthouse, ...change } as unknown as Recipe)).toThrow(sentence);
  });

  it('takes no name of Object for a field', () => {
    expect(() => parseRecipe(JSON.stringify({ ...lighthouse, constructor: 1 }))).toThrow(
      '`constructor` to be left out',
    );
  });
});
