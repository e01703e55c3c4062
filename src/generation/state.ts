import type { FinishedImage, GenerationEvent } from '../domain/event.js';
import type { Generation, ImageProgress } from '../domain/generation.js';
import type { StageTiming } from '../domain/stage.js';

/** The generation after an event: the only place where one changes. */
export function reduce(generation: Generation, event: GenerationEvent): Generation {
  switch (event.type) {
    case 'GenerationQueued':
      return { ...generation, queuePosition: event.position };
    case 'StageStarted':
      return running(generation);
    case 'StageFinished': {
      const { stage, durationMs, finished } = event;
      const timed = { ...running(generation), timings: added(generation.timings, { stage, durationMs }) };
      return finished === null ? timed : withImages(timed, [finished]);
    }
    case 'StepFinished': {
      const { image, step, totalSteps } = event;
      const { imageId } = generation.images[image]!;
      return withProgress(running(generation), generation.images.with(image, { step, totalSteps, imageId }));
    }
    case 'GenerationFinished': {
      const { status, problem, finished, at } = event;
      return { ...withImages(generation, finished), status, problem, finishedAt: at, queuePosition: null };
    }
  }
}

/** What the images of a generation add up to. */
export function withProgress(generation: Generation, images: readonly ImageProgress[]): Generation {
  const sum = (of: (image: ImageProgress) => number) => images.reduce((total, image) => total + of(image), 0);
  return {
    ...generation,
    images,
    step: sum(({ step }) => step),
    totalSteps: sum(({ totalSteps }) => totalSteps),
    imageIds: images.flatMap(({ imageId }) => (imageId === null ? [] : [imageId])),
  };
}

/** Some of its images are there, and with them where a refinement improved them. */
export function withImages(generation: Generation, finished: readonly FinishedImage[]): Generation {
  const images = [...generation.images];
  let { regions } = generation;
  for (const { index, image } of finished) {
    const { totalSteps } = images[index]!;
    images[index] = { step: totalSteps, totalSteps, imageId: image.id };
    if (image.regions.length > 0) regions = image.regions;
  }
  return withProgress({ ...generation, regions }, images);
}

/** An engine works on it: it waits no longer. */
const running = (generation: Generation): Generation =>
  generation.status === 'RUNNING' ? generation : { ...generation, status: 'RUNNING', queuePosition: null };

/** Several images go through the same stages: a stage's time is theirs together. */
function added(timings: readonly StageTiming[], { stage, durationMs }: StageTiming): readonly StageTiming[] {
  const known = timings.some((timing) => timing.stage === stage);
  if (!known) return [...timings, { stage, durationMs }];
  return timings.map((timing) =>
    timing.stage === stage ? { stage, durationMs: timing.durationMs + durationMs } : timing,
  );
}
