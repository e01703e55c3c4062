import { parseArgs } from 'node:util';
import { startCluster } from './cluster.js';

// `npm run cluster -- --api 3 --work 2 [--port 4100]`: the whole fleet on one machine, until Ctrl-C. Prints one line of JSON when ready.

const { values } = parseArgs({
  options: { api: { type: 'string' }, work: { type: 'string' }, port: { type: 'string' } },
});

/** @throws Error that says what was expected */
function whole(name: 'api' | 'work' | 'port', least: number, otherwise: number): number {
  const given = values[name];
  if (given === undefined) return otherwise;
  const number = Number(given);
  if (!Number.isInteger(number) || number < least)
    throw new Error(`--${name}: expected a whole number from ${least} on but received ${given}.`);
  return number;
}

try {
  const cluster = await startCluster({
    api: whole('api', 1, 3),
    work: whole('work', 0, 2),
    port: whole('port', 1, 4100),
  });
  const { api, work, redis, postgres, s3, nginx } = cluster;
  const place = ({ url, pid }: { url: string; pid: number }) => ({ url, pid });
  const line = {
    ...{ api: api.map(place), work: work.map(place) },
    ...{
      redis: place(redis),
      postgres: place(postgres),
      s3: { ...place(s3), endpoint: s3.endpoint },
      nginx: place(nginx),
    },
  };
  console.log(JSON.stringify(line));
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (stopping) process.exit(130);
      stopping = true;
      void cluster.stop().then(() => process.exit(0));
    });
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
