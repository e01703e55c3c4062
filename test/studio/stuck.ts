import { door, ScriptedEngine } from './engines.js';
import { openStudio, stays } from './open-studio.js';

/** A program with one generation that runs for ever and one that waits for it. */
const { through } = door();
const studio = await openStudio({ dataDir: process.argv[2]!, engines: [new ScriptedEngine({ beforeStep: through })] });
const stuck = [
  await studio.generate({ prompt: 'a cat', seed: 1 }, stays()),
  await studio.generate({ prompt: 'a cat', seed: 2 }, stays()),
];
process.send!(stuck.map(({ id }) => id));
setInterval(() => {}, 1000);
