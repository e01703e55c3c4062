import { door, ScriptedEngine, seedOf } from './engines.js';
import { openStudio, stays, untilDone } from './open-studio.js';

/** A program with one generation that runs for ever, one of its images made before, and one that waits for it. */
const { through } = door();
const beforeStep = (_: number, job: Parameters<typeof seedOf>[0]) => (seedOf(job) === 11 ? undefined : through());
const service = await openStudio({ dataDir: process.argv[2]!, engines: [new ScriptedEngine({ beforeStep })] });
const done = await service.generate({ prompt: 'a cat', seed: 11 }, untilDone);
const stuck = [
  await service.generate({ prompt: 'a cat', seed: 11, count: 2 }, stays()),
  await service.generate({ prompt: 'a cat', seed: 2, steps: 3 }, stays()),
];
// As far as a subscriber has come.
let lastSequence = 0;
const reading = new AbortController();
for await (const { sequence, type } of service.progress(stuck[0]!.id, 0, reading.signal)) {
  lastSequence = sequence;
  if (type === 'StageStarted') reading.abort();
}
process.send!({ ids: stuck.map(({ id }) => id), lastSequence, done: done.imageIds[0] });
setInterval(() => {}, 1000);
