import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  canonicalJson,
  readPayload,
  readRenderPath,
  sign,
  signStored,
  storedId,
  verify,
} from '../../src/client/index.js';
import { lighthouse } from './recipes.js';

const key = { id: 'site', secret: 'a secret of the site' };
const now = Date.parse('2026-11-28T10:00:00Z');
const noon = new Date('2026-12-01T12:00:00Z');

describe('a render address', () => {
  it('carries the recipe, and an HMAC-SHA256 that any language can make', async () => {
    const payload = Buffer.from(canonicalJson(lighthouse)).toString('base64url');
    const signature = createHmac('sha256', key.secret).update(`/r/site/-/${payload}`).digest().subarray(0, 16);
    expect(await sign(lighthouse, key)).toBe(`/r/site/-/${signature.toString('base64url')}/${payload}.auto`);
    expect(readPayload(payload)).toEqual({ json: canonicalJson(lighthouse) });
  });

  it('is valid by each of the keys of its id, so that secrets can be changed', async () => {
    const path = await sign(lighthouse, key);
    const rotated = [{ id: 'site', secret: 'the next secret of it' }, key];
    expect((await verify(path, rotated, now)).outcome).toBe('valid');
    expect((await verify(path, rotated.slice(0, 1), now)).outcome).toBe('forged');
    expect((await verify(path, [{ ...key, id: 'other' }], now)).outcome).toBe('forged');
  });

  it('ends at the midnight after its expiry, and is the same all day', async () => {
    const path = await sign(lighthouse, key, { expires: noon });
    expect(path).toBe(await sign(lighthouse, key, { expires: new Date(+noon + 3_600_000) }));
    const midnight = Date.parse('2026-12-02T00:00:00Z');
    expect((await verify(path, [key], midnight - 1)).outcome).toBe('valid');
    expect((await verify(path, [key], midnight)).outcome).toBe('expired');
  });

  it('lets the format be chosen freely, and nothing else', async () => {
    const path = await sign(lighthouse, key, { expires: noon });
    expect((await verify(path.replace('.auto', '.webp'), [key], now)).outcome).toBe('valid');
    const { keyId, expires, signature, payload } = readRenderPath(path)!;
    for (const forged of [
      `/r/${keyId}/-/${signature}/${payload}.auto`,
      `/r/${keyId}/${expires! + 86_400}/${signature}/${payload}.auto`,
      `/r/${keyId}/${expires}/${signature}/${payload}A.auto`,
      `/r/${keyId}/${expires}/${'A'.repeat(22)}/${payload}.auto`,
    ])
      expect((await verify(forged, [key], now)).outcome).toBe('forged');
  });

  it.each([
    ['an expiry that is no midnight', (path: string) => path.replace('/-/', '/1764633601/')],
    ['an expiry with a leading zero', (path: string) => path.replace('/-/', '/086400/')],
    ['an unknown extension', (path: string) => path.replace('.auto', '.gif')],
    ['an encoded slash', (path: string) => path.replace('/-/', '%2F-/')],
    ['a path that is too long', (path: string) => path.replace('.auto', `${'A'.repeat(4096)}.auto`)],
  ])('is none with %s', async (_, change) => {
    expect((await verify(change(await sign(lighthouse, key)), [key], now)).outcome).toBe('malformed');
  });

  it('of a recipe that is too long names the stored one', async () => {
    const long = { ...lighthouse, prompt: '山'.repeat(3000) };
    await expect(sign(long, key)).rejects.toThrow('short enough for an address of 4096 characters');
    const path = await signStored(long, key);
    expect((await verify(path, [key], now)).outcome).toBe('valid');
    expect(readPayload(readRenderPath(path)!.payload)).toEqual({ stored: await storedId(long) });
  });
});
