import { describe, expect, it } from 'vitest';
import { ink, nearest, sign, sized } from '../../src/client/index.js';
import { lighthouse } from './recipes.js';

const key = { id: 'site', secret: 'a secret of the site' };

describe('what a page needs of an image', () => {
  it('is its address in each width of the ladder below its own, signed once', async () => {
    const { src, srcset, ...rest } = await ink(lighthouse, { base: 'https://img.example/', key });
    const address = `https://img.example${await sign(lighthouse, key)}`;
    expect(src).toBe(address);
    expect(srcset).toBe(`${address}?w=64 64w, ${address}?w=128 128w, ${address} 256w`);
    expect(rest).toEqual({
      ...{ width: 256, height: 256, alt: 'a lighthouse', placeholder: `${address}?placeholder` },
      sizes: '(max-width: 256px) 100vw, 256px',
    });
  });

  it('is asked for where the recipe does not tell the size', async () => {
    const refine = {
      operation: 'refine',
      model: 'm',
      image: 'ab'.repeat(32),
      strength: 0.4,
      steps: 4,
      seed: 1,
    } as const;
    await expect(ink(refine, { base: '', key })).rejects.toThrow('Expected `width` and `height`');
    expect((await ink(refine, { base: '', key, width: 64, height: 48 })).alt).toBe('');
  });

  it('has its keys in one order, so that caches keep one entry', () => {
    expect(sized('/r', { quality: 60, height: 2, width: 1 })).toBe('/r?w=1&h=2&q=60');
    expect(nearest([64, 128, 256], 200)).toBe(256);
  });
});
