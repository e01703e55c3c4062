import { describe, expect, it } from 'vitest';
import { ScriptedEngine } from './engines.js';
import { openStudio, untilDone } from './open-studio.js';

describe('a generation whose engine fails', () => {
  const saying = (message: string) => async () => {
    const beforeStep = () => {
      throw new Error(message);
    };
    const service = await openStudio({ engines: [new ScriptedEngine({ beforeStep })] });
    const { problem } = await service.generate({ prompt: 'a cat', seed: 1 }, untilDone);
    await service.close(0);
    return problem!;
  };

  it.each([
    ['Failed to allocate memory for requested buffer of size 4294967296', { code: 'Failed', reason: 'OUT_OF_MEMORY' }],
    ['std::bad_alloc', { code: 'Failed', reason: 'OUT_OF_MEMORY' }],
    ['CUDA failure 2: out of memory', { code: 'Failed', reason: 'OUT_OF_MEMORY' }],
    ['Array buffer allocation failed', { code: 'Failed', reason: 'OUT_OF_MEMORY' }],
    ["ENOSPC: no space left on device, write '/tmp/x'", { code: 'StorageUnavailable' }],
  ])('may be made later where it says "%s", which no client reads', async (message, told) => {
    const problem = await saying(message)();
    expect(problem).toMatchObject({ ...told, retryable: true });
    expect(problem.message).not.toMatch(/\/tmp|4294967296|CUDA|alloc\b/);
  });

  it('will not be made later where nobody knows what it says', async () => {
    expect(await saying('Invalid rank for input')()).toMatchObject({ code: 'Failed', retryable: false });
  });
});
