import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidInput } from '../../src/domain/problems.js';
import type { VariantRequest, VariantResult } from '../../src/domain/variant.js';
import type { CallersUseCases } from './as-caller.js';
import { openStudio, untilDone } from './open-studio.js';

let service: CallersUseCases;
let id: string;
beforeAll(async () => {
  service = await openStudio();
  const generation = await service.generate({ prompt: 'a cat', seed: 7, width: 128, height: 64 }, untilDone);
  id = generation.imageIds[0]!;
});
afterAll(() => service.close(0));

async function found(request: VariantRequest): Promise<Extract<VariantResult, { outcome: 'found' }>> {
  const result = await service.variant(id, request);
  if (result.outcome !== 'found') throw new Error(result.outcome);
  return result;
}

describe('an image over HTTP', () => {
  it('as PNG is the master, whose hash is its id', async () => {
    const { body, contentType } = await found({ format: 'PNG' });
    expect(createHash('sha256').update(body).digest('hex')).toBe(id);
    expect(contentType).toBe('image/png');
  });

  it('in each format has a strong tag of its own', async () => {
    const webp = await found({ format: 'WEBP' });
    const jpeg = await found({ format: 'JPEG' });
    expect([webp.contentType, jpeg.contentType]).toEqual(['image/webp', 'image/jpeg']);
    expect(webp.etag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(webp.etag).not.toBe(jpeg.etag);
  });

  it('is made once, however many ask', async () => {
    const request = { format: 'WEBP', width: 48 } as const;
    const all = await Promise.all(Array.from({ length: 20 }, () => found(request)));
    expect(new Set(all.map(({ body }) => body)).size).toBe(1);
    expect((await found(request)).etag).toBe(all[0]!.etag);
  });

  it('is made once, in however many words it is asked for', async () => {
    const one = await found({ format: 'JPEG', width: 64 });
    const same = [{ height: 32 }, { width: 64, height: 32 }, { width: 64, quality: 82 }];
    for (const sizes of same) expect((await found({ format: 'JPEG', ...sizes })).body).toBe(one.body);
    for (const sizes of [{ width: 16_384 }, { width: 128, height: 64 }, { quality: 5 }])
      expect((await found({ format: 'PNG', ...sizes })).etag).toBe(`"${id.slice(0, 32)}"`);
  });

  it('that nobody waits for any more is not made', async () => {
    const leaving = new AbortController();
    const asked = Array.from({ length: 400 }, (_, i) =>
      service.variant(id, { format: 'AVIF', width: 1 + (i % 128), quality: 1 + (i % 100) }, leaving.signal),
    );
    leaving.abort(new Error('gone'));
    expect(await Promise.allSettled(asked)).toEqual(Array(400).fill({ status: 'rejected', reason: new Error('gone') }));
    expect(await found({ format: 'WEBP', width: 31 })).toMatchObject({ outcome: 'found' });
  });

  it.each([
    [{ width: 0 }, 'Expected `width` to be a whole number between 1 and 16384 but received 0.'],
    [{ height: 1.5 }, 'Expected `height` to be a whole number between 1 and 16384 but received 1.5.'],
    [{ width: 20_000 }, 'Expected `width` to be a whole number between 1 and 16384 but received 20000.'],
    [{ quality: 101 }, 'Expected `quality` to be a whole number between 1 and 100 but received 101.'],
  ])('refuses %o', async (sizes, message) => {
    const refusal = await service.variant(id, { format: 'PNG', ...sizes }).catch((error) => error);
    expect(refusal).toBeInstanceOf(InvalidInput);
    expect(refusal.message).toBe(message);
  });
});
