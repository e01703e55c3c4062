import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diffusers, factorsOf, folderOf, kohya, tensorsOf } from '../checkpoint/lora-files.js';
import type { NewTensor } from '../compiler/files.js';
import { tinyTurbo } from './checkpoints.js';
import { engineWith, job, run, sampled } from './engines.js';

function lora(id: string, tensors: Readonly<Record<string, NewTensor>>) {
  return { id, name: id, description: '', file: join(folderOf(tensors), 'adapter.safetensors') };
}

describe('a job with LoRAs', () => {
  it('leaves nothing behind: the same job before and after has the same bytes, whatever came between', async () => {
    const first = lora('first', tensorsOf(factorsOf(4), diffusers));
    const second = lora('second', tensorsOf(factorsOf(2, 9), diffusers));
    const engine = engineWith({ catalog: [tinyTurbo({ loras: [first, second] })] });
    const before = await run(engine, job);
    const changed = await run(engine, sampled(job, { loras: [{ id: 'first', weight: 1 }] }));
    expect(changed.data).not.toEqual(before.data);
    expect((await run(engine, job)).data).toEqual(before.data);
    const loras = [
      { id: 'first', weight: 1 },
      { id: 'second', weight: -2 },
    ];
    const both = await run(engine, sampled(job, { loras }));
    expect(both.data).not.toEqual(changed.data);
    expect((await run(engine, sampled(job, { loras: [{ id: 'first', weight: 1 }] }))).data).toEqual(changed.data);
    expect((await run(engine, sampled(job, { loras: [{ id: 'first', weight: 0 }] }))).data).toEqual(before.data);
    expect((await run(engine, job)).data).toEqual(before.data);
    // And a process that never saw a LoRA draws the same.
    expect((await run(engineWith(), job)).data).toEqual(before.data);
  });

  it('draws the same from Kohya’s names as from diffusers’, and from one LoRA twice as from twice its weight', async () => {
    const loras = [
      lora('diffusers', tensorsOf(factorsOf(4), diffusers, 2)),
      lora('kohya', tensorsOf(factorsOf(4), kohya, 2)),
    ];
    const engine = engineWith({ catalog: [tinyTurbo({ loras })] });
    const draw = async (...applied: [string, number][]) =>
      (await run(engine, sampled(job, { loras: applied.map(([id, weight]) => ({ id, weight })) }))).data;
    const once = await draw(['diffusers', 1]);
    expect(await draw(['kohya', 1])).toEqual(once);
    const [twice, double] = [await draw(['diffusers', 1], ['kohya', 1]), await draw(['kohya', 2])];
    // Sums in another order round differently, which a level of 255 may show.
    expect(Math.max(...twice.map((value, i) => Math.abs(value - double[i]!)))).toBeLessThanOrEqual(1);
    expect(twice).not.toEqual(once);
  });

  it('on a model that is another with an adapter, draws what both together draw', async () => {
    const [one, two] = [factorsOf(4), factorsOf(2, 9)];
    const base = tinyTurbo({ loras: [lora('one', tensorsOf(one, diffusers)), lora('two', tensorsOf(two, diffusers))] });
    const adapter = folderOf(tensorsOf(one, diffusers));
    const changed = { ...base, id: 'changed', components: { ...base.components, adapter } };
    const engine = engineWith({ catalog: [base, changed] });
    const draw = async (model: string, ...ids: string[]) =>
      (await run(engine, sampled({ ...job, model }, { loras: ids.map((id) => ({ id, weight: 1 })) }))).data;
    const apart = (a: Uint8Array, b: Uint8Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
    expect(apart(await draw('changed'), await draw(base.id, 'one'))).toBeLessThanOrEqual(1);
    expect(apart(await draw('changed', 'two'), await draw(base.id, 'one', 'two'))).toBeLessThanOrEqual(1);
    expect(apart(await draw('changed'), await draw(base.id))).toBeGreaterThan(1);
  });

  it('is guided with them as well', async () => {
    const engine = engineWith({ catalog: [tinyTurbo({ loras: [lora('one', tensorsOf(factorsOf(4), diffusers))] })] });
    const guided = sampled(job, { guidance: 3 });
    const plain = await run(engine, guided);
    expect((await run(engine, sampled(guided, { loras: [{ id: 'one', weight: 1 }] }))).data).not.toEqual(plain.data);
    expect((await run(engine, guided)).data).toEqual(plain.data);
  });

  it('is refused when one is unknown or does not fit, says why, and the engine takes the next', async () => {
    const mismatch = lora('mismatch', {
      'transformer.layers.0.attention.to_q.lora_A.weight': { type: 'F32', shape: [4, 64] },
    });
    const engine = engineWith({ catalog: [tinyTurbo({ loras: [mismatch] })] });
    const apply = (id: string) => run(engine, sampled(job, { loras: [{ id, weight: 1 }] }));
    await expect(apply('nobody')).rejects.toMatchObject({
      name: 'LoraError',
      message: expect.stringContaining('"nobody"'),
    });
    await expect(apply('mismatch')).rejects.toMatchObject({ name: 'LoraError' });
    await expect(apply('mismatch')).rejects.toThrow('transformer.layers.0.attention.to_q.lora_A.weight');
    await run(engine, job);
  });
});
