import { setTimeout as sleep } from 'node:timers/promises';
import { ScriptedEngine, seedsOf } from '../generation/engines.js';
import { stays } from '../generation/open-studio.js';
import { openApi, openWorker } from './members.js';

/** One API process or one worker of a fleet, whose steps take 50 ms; a test tells it what to do. */
const env = process.env as Record<string, string>;
if (process.argv[2] === 'api') {
  const api = await openApi(env);
  process.on('message', async ({ seed, steps = 4, count = 1, close }: Record<string, number>) => {
    if (close !== undefined) {
      await api.close(close);
      process.exit(0);
    }
    const { id } = await api.generate({ prompt: 'a cat', seed, steps, count }, stays());
    process.send!({ id });
  });
} else {
  const engine = new ScriptedEngine({ beforeStep: () => sleep(50) });
  await openWorker(env, engine);
  process.on('message', () =>
    process.send!({ seeds: engine.jobs.flatMap(seedsOf), aborted: engine.aborted.flatMap(seedsOf) }),
  );
}
process.send!({ ready: true });
