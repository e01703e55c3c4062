import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ask, startFleet, verdict } from './fleet.js';
import { pick, random } from './random.js';
import { scenarios } from './scenarios.js';

// `npm run faults`: each fault once. `npm run faults -- --seed N --minutes M`: a random walk over them under load. `--only TEXT`: those
// whose name contains it. Prints what it counted; ends with 1 where a promise was not kept.

const { values } = parseArgs({
  options: { seed: { type: 'string' }, minutes: { type: 'string' }, only: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const next = random(seed);
console.log(`seed ${seed}`);
const chosen = scenarios.filter(({ name }) => name.includes(values.only ?? ''));
const fleet = await startFleet(next);
const wrong: string[] = [];
try {
  if (values.minutes === undefined) for (const scenario of chosen) await once(scenario);
  else {
    const end = Date.now() + Number(values.minutes) * 60_000;
    while (Date.now() < end) {
      await once(pick(chosen, next));
      await ask(fleet, 4);
      await sleep(1000 * next());
    }
  }
} finally {
  await fleet.stop();
}
const { accepted, refused } = fleet.client;
const events = accepted.reduce((sum, { sequences }) => sum + sequences.length, 0);
console.log(JSON.stringify({ seed, accepted: accepted.length, refused, events, wrong: wrong.length }));
process.exit(wrong.length === 0 ? 0 : 1);

async function once({ name, run }: (typeof scenarios)[number]): Promise<void> {
  const [start, before] = [performance.now(), fleet.client.accepted.length];
  await run(fleet);
  const found = await verdict(fleet);
  const known = new Set(wrong);
  const fresh = found.filter((sentence) => !known.has(sentence));
  wrong.push(...fresh);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${fresh.length === 0 ? '✓' : '✗'} ${name}: ${fleet.client.accepted.length - before} generations, ${seconds} s`,
  );
  for (const sentence of fresh) console.log(`    ${sentence}`);
}
