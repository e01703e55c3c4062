import type { Generation } from '../../src/generation/types.js';

/** A generation as a store or a log sees it. */
export function generationOf(changes: Partial<Generation> = {}): Generation {
  return {
    id: 'g1',
    tenant: 'anonymous',
    operation: 'GENERATE',
    status: 'QUEUED',
    modelName: 'tiny',
    prompt: 'a “cat” 猫',
    negativePrompt: '',
    seed: Number.MAX_SAFE_INTEGER,
    width: 64,
    height: 64,
    steps: 4,
    guidance: 0.5,
    count: 1,
    loras: [{ id: 'ink', weight: 0.5 }],
    editMode: 'STRENGTH',
    strength: 0.6,
    sourceId: 'i0',
    regions: [],
    promptTokens: 3,
    promptTruncated: false,
    cache: 'MISS',
    fingerprint: 'f',
    step: 0,
    totalSteps: 4,
    queuePosition: null,
    imageIds: [],
    images: [{ step: 0, totalSteps: 4, imageId: null }],
    timings: [],
    problem: null,
    createdAt: 1_800_000_000_000,
    finishedAt: null,
    ...changes,
  };
}
