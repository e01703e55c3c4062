import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidInput, UnknownModel } from '../../src/domain/problems.js';
import type { GenerateRequest } from '../../src/generation/types.js';
import type { CallersUseCases } from './as-caller.js';
import { ScriptedEngine } from './engines.js';
import { guidedModel, openStudio, stays, studioFor } from './fixture.js';

const cases: [Partial<GenerateRequest>, string, string][] = [
  [{ width: 250 }, 'width', 'Expected `width` to be a multiple of 16 between 64 and 512 but received 250.'],
  [{ width: 48 }, 'width', 'Expected `width` to be a multiple of 16 between 64 and 512 but received 48.'],
  [{ height: 528 }, 'height', 'Expected `height` to be a multiple of 16 between 64 and 512 but received 528.'],
  [{ height: Number.NaN }, 'height', 'Expected `height` to be a multiple of 16 between 64 and 512 but received NaN.'],
  [
    { width: 512, height: 512 },
    'width',
    'Expected `width` to be such that width × height is at most 65536 but received 512 × 512.',
  ],
  [{ count: 0 }, 'count', 'Expected `count` to be a whole number between 1 and 8 but received 0.'],
  [{ count: 9 }, 'count', 'Expected `count` to be a whole number between 1 and 8 but received 9.'],
  [{ steps: 0 }, 'steps', 'Expected `steps` to be a whole number between 1 and 100 but received 0.'],
  [{ steps: 4.5 }, 'steps', 'Expected `steps` to be a whole number between 1 and 100 but received 4.5.'],
  [{ guidance: 3 }, 'guidance', 'Expected `guidance` to be 0, as tiny takes none, but received 3.'],
  [{ model: 'guided', guidance: 21 }, 'guidance', 'Expected `guidance` to be between 0 and 20 but received 21.'],
  [
    { model: 'guided', guidance: Number.NaN },
    'guidance',
    'Expected `guidance` to be between 0 and 20 but received NaN.',
  ],
  [
    { negativePrompt: 'blurry' },
    'negativePrompt',
    'Expected `negativePrompt` to be empty, as tiny takes none, but received "blurry".',
  ],
  [{ seed: -1 }, 'seed', 'Expected `seed` to be a whole number between 0 and 9007199254740991 but received -1.'],
  [
    { seed: Number.MAX_SAFE_INTEGER, count: 2 },
    'seed',
    'Expected `seed` to be a whole number between 0 and 9007199254740990 but received 9007199254740991.',
  ],
  [{ prompt: '  ' }, 'prompt', 'Expected `prompt` to be not empty but received "  ".'],
  [{ prompt: 'a \ud800' }, 'prompt', 'Expected `prompt` to be valid Unicode but received half of a surrogate pair.'],
  [
    { prompt: 'x'.repeat(40_000) },
    'prompt',
    'Expected `prompt` to be at most 32768 bytes long but received 40000 bytes.',
  ],
  [
    { prompt: 'word '.repeat(64).concat('word') },
    'prompt',
    'Expected `prompt` to be at most 64 tokens long but received 65 tokens.',
  ],
  [
    { cache: 'ONLY', seed: null },
    'seed',
    'Expected `seed` to be given with cache: ONLY, as a random seed bypasses the result cache, but received nothing.',
  ],
];

describe('a refusal names the field, what was expected and what came', () => {
  const engine = new ScriptedEngine();
  let service: CallersUseCases;
  beforeAll(async () => {
    service = await openStudio({ engines: [engine] });
  });
  afterAll(() => service.close(0));

  it.each(cases)('%o', async (input, field, message) => {
    const refusal = await service.generate({ prompt: 'a cat', seed: 1, ...input }, stays()).catch((error) => error);
    expect(refusal).toBeInstanceOf(InvalidInput);
    expect(refusal.message).toBe(message);
    expect(refusal.field).toBe(field);
    expect(engine.jobs).toHaveLength(0);
  });

  it('also for how long to wait, and from where to read', async () => {
    const service = await studioFor({ env: { WAIT_LIMIT_MS: '1000' } });
    for (const waitMs of [-1, 1001, 0.5]) {
      const refusal = await service.generate({ prompt: 'x' }, stays(waitMs)).catch((error) => error);
      expect(refusal).toMatchObject({ field: 'waitMs', message: expect.stringContaining('between 0 and 1000') });
    }
    const events = service.progress('x', -1, new AbortController().signal)[Symbol.asyncIterator]();
    await expect(events.next()).rejects.toMatchObject({ field: 'after' });
  });

  it('and the models that there are', async () => {
    const service = await studioFor();
    const refusal = await service.generate({ prompt: 'x', model: 'sdxl' }, stays()).catch((error) => error);
    expect(refusal).toBeInstanceOf(UnknownModel);
    expect(refusal.available).toEqual(['tiny', 'guided']);
  });
});

describe('what is accepted', () => {
  it('reports truncation, takes long prompts up to four times the limit, and negative prompts only where they count', async () => {
    const engine = new ScriptedEngine();
    const service = await studioFor({ engines: [engine] });
    const prompt = Array.from({ length: 20 }, (_, i) => `word${i}`).join(' ');
    const long = await service.generate({ prompt, seed: 1 }, stays(60_000));
    expect(long).toMatchObject({ promptTokens: 20, promptTruncated: true });
    const guided = { prompt: 'x', seed: 1, model: guidedModel.id, negativePrompt: 'blurry' };
    expect(await service.generate(guided, stays(60_000))).toMatchObject({ guidance: 4, negativePrompt: 'blurry' });
    expect(await service.generate({ ...guided, guidance: 0 }, stays(60_000))).toMatchObject({ negativePrompt: '' });
    expect(await service.generate({ ...guided, guidance: -0, negativePrompt: '' }, stays(60_000))).toMatchObject({
      cache: 'HIT',
    });
  });

  it('scales dynamic guidance by how much the prompt asks for, within 0.7 … 1.3', async () => {
    const service = await studioFor();
    const guidanceOf = async (prompt: string) =>
      (await service.generate({ prompt, seed: 1, model: 'guided', dynamicGuidance: true }, stays(60_000))).guidance;
    const plain = await guidanceOf('cat cat cat cat');
    const dense = await guidanceOf(Array.from({ length: 60 }, (_, i) => `word${i}`).join(' '));
    expect(plain).toBeGreaterThanOrEqual(0.7 * 4);
    expect(dense).toBeGreaterThan(plain);
    expect(dense).toBeLessThanOrEqual(1.3 * 4);
  });
});
