import { graphql, type Program } from '../program.js';
import { median } from './report.js';

const engineStages = ['LOAD', 'ENCODE_PROMPT', 'ENCODE_IMAGE', 'DENOISE', 'DECODE'];

const draw = `mutation Draw($input: GenerateInput!) {
  generate(input: $input, waitMs: 60000) { ... on Generation { status cache timings { stage durationMs } } ... on Problem { message } }
}`;

interface Drawn {
  readonly generate: {
    status: string;
    cache: string;
    timings: { stage: string; durationMs: number }[];
    message?: string;
  };
}

/** Milliseconds until the first image; the others, which follow, warm what is left to be warmed. */
export async function drawFirst(program: Program, count: number): Promise<number> {
  const runs: { wallMs: number }[] = [];
  for (let seed = 1; seed <= count; seed++) runs.push(await timed(program, seed));
  return runs[0]!.wallMs;
}

/** Draws `count` different images one after another over HTTP, as a client does. */
export async function drawWarm(program: Program, count: number) {
  program.process.send('loop-delay:reset');
  const runs: Awaited<ReturnType<typeof timed>>[] = [];
  for (let seed = 100; seed < 100 + count; seed++) runs.push(await timed(program, seed));
  const loopDelay = new Promise<{ p99: number }>((resolve) =>
    program.process.once('message', (message) => resolve(message as { p99: number })),
  );
  program.process.send('loop-delay:read');
  const names = [...new Set(runs.flatMap(({ timings }) => timings.map(({ stage }) => stage)))];
  const ms = (run: (typeof runs)[number], stages: readonly string[]) =>
    run.timings.filter(({ stage }) => stages.includes(stage)).reduce((sum, { durationMs }) => sum + durationMs, 0);
  return {
    wallMs: median(runs.map(({ wallMs }) => wallMs)),
    stages: names.map((stage) => ({ stage, ms: median(runs.map((run) => ms(run, [stage]))) })),
    overheadMs: median(runs.map((run) => run.wallMs - ms(run, engineStages))),
    loopDelayP99: (await loopDelay).p99,
  };
}

async function timed(program: Program, seed: number) {
  const started = performance.now();
  const { generate } = await graphql<Drawn>(program.url, draw, {
    input: { prompt: '一只狗在左边，草地背景', seed },
  });
  if (generate.status !== 'SUCCEEDED' || generate.cache !== 'MISS')
    throw new Error(`Not drawn: ${JSON.stringify(generate)}`);
  return { wallMs: performance.now() - started, timings: generate.timings };
}
