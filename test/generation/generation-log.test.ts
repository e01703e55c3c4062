import { trace } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-node';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NonFinite } from '../../src/engine/problems.js';
import type { CallersUseCases } from './as-caller.js';
import { ScriptedEngine } from './engines.js';
import { openStudio, untilDone } from './open-studio.js';

/** What an operator reads: a line a generation that has ended, at the level info. */

const lines: string[] = [];
let service: CallersUseCases;
beforeAll(async () => {
  trace.setGlobalTracerProvider(new BasicTracerProvider());
  const engine = new ScriptedEngine({
    beforeStep(_, { sampling }) {
      if (sampling.steps === 100) throw new NonFinite('Nothing that could be shown.', 1);
    },
  });
  service = await openStudio({
    engines: [engine],
    log: pino({ level: 'info', base: null }, { write: (line) => void lines.push(line) }),
  });
});
afterAll(async () => {
  await service.close(0);
  trace.disable();
});

const request = { prompt: 'a secret wish', negativePrompt: '', seed: 7 };
const last = () => JSON.parse(lines.at(-1)!);

describe('a generation that has ended', () => {
  it.each(['MISS', 'HIT'])('is one line, without the prompt (%s)', async (cache) => {
    lines.length = 0;
    const { id, modelName } = await service.generate(request, untilDone);
    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({
      ...{ msg: 'generation', level: 30, generation: id, operation: 'GENERATE', model: modelName },
      ...{ outcome: 'SUCCEEDED', cache, ms: expect.any(Number), trace: expect.stringMatching(/^[0-9a-f]{32}$/) },
    });
    expect(lines.join('')).not.toContain('secret');
  });

  it('has its prompts where LOG_PROMPTS is on', async () => {
    const other = await openStudio({
      env: { LOG_PROMPTS: 'on' },
      log: pino({ level: 'info', base: null }, { write: (line) => void lines.push(line) }),
    });
    await other.generate(request, untilDone);
    await other.close(0);
    expect(last()).toMatchObject({ prompt: 'a secret wish', negativePrompt: '', tenant: 'anonymous' });
  });

  it('says with which problem it failed', async () => {
    lines.length = 0;
    const { id } = await service.generate({ ...request, steps: 100 }, untilDone);
    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({ generation: id, outcome: 'FAILED', problem: 'NonFinite', cache: 'MISS' });
  });
});
