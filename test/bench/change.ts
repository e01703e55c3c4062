import { graphql, type Program } from '../program.js';
import { type Measure, median } from './report.js';

const fields =
  '... on Generation { id status cache images { id } timings { stage durationMs } } ... on Problem { message }';
const mutations = {
  generate: `mutation ($input: GenerateInput!) { made: generate(input: $input, waitMs: 120000) { ${fields} } }`,
  edit: `mutation ($input: EditInput!) { made: edit(input: $input, waitMs: 120000) { ${fields} } }`,
  refine: `mutation ($input: RefineInput!) { made: refine(input: $input, waitMs: 120000) { ${fields} } }`,
};
const runs = 3;

interface EngineResult {
  readonly made: {
    status: string;
    cache: string;
    message?: string;
    images: { id: string }[];
    timings: { stage: string; durationMs: number }[];
  };
}

interface Catalog {
  readonly models: { id: string; name: string; operations: string[]; editModes: string[]; supportsGuidance: boolean }[];
}

/** What each kind of work on a 256×256 image takes, end to end over HTTP and by stage; as far as the catalog's models can. */
export async function changes(program: Program): Promise<Measure[]> {
  const { models } = await graphql<Catalog>(
    program.url,
    '{ models { id name operations editModes supportsGuidance } }',
  );
  const first = await ask(program, 'generate', { prompt: 'a dog on the left, grassland background', seed: 900 });
  const image = { id: first.made.images[0]!.id };
  const guided = models.find(({ operations, supportsGuidance }) => supportsGuidance && operations.includes('GENERATE'));
  const edits = (mode: string) => models.some(({ editModes }) => editModes.includes(mode));
  const measures: Measure[] = [];
  const add = async (name: string, kind: keyof typeof mutations, input: Record<string, unknown>, target?: string) =>
    measures.push(...(await measured(program, name, kind, input, target)));

  if (guided !== undefined)
    await add(`${guided.name}, 256×256, its own steps and guidance`, 'generate', { prompt: 'a cat', model: guided.id });
  if (edits('INSTRUCTION'))
    await add('edit by instruction', 'edit', { image, prompt: 'replace the dog with a cat' }, '≤ 4');
  if (edits('STRENGTH')) await add('edit of strength 0.6', 'edit', { image, prompt: 'a fox', strength: 0.6 });
  await add('refine', 'refine', { image, regions: [{ x: 16, y: 64, width: 128, height: 128 }] }, '≤ 1.5');
  return measures;
}

/** The median of several, each with a seed of its own so that all are made; the first, which may load a model, is not counted. */
async function measured(
  program: Program,
  name: string,
  kind: keyof typeof mutations,
  input: Record<string, unknown>,
  target?: string,
): Promise<Measure[]> {
  const taken: { wallMs: number; timings: { stage: string; durationMs: number }[] }[] = [];
  for (let seed = 0; seed <= runs; seed++) {
    const started = performance.now();
    const { made } = await ask(program, kind, { ...input, seed });
    if (seed > 0) taken.push({ wallMs: performance.now() - started, timings: made.timings });
  }
  const stages = taken[0]!.timings.map(({ stage }) => stage);
  const of = (stage: string) =>
    median(taken.map(({ timings }) => timings.find((timing) => timing.stage === stage)?.durationMs ?? 0));
  return [
    {
      name,
      value: median(taken.map(({ wallMs }) => wallMs)) / 1000,
      unit: 's',
      ...(target === undefined ? {} : { target }),
    },
    ...stages.map((stage) => ({ name: `  ${stage}`, value: of(stage), unit: 'ms' as const })),
  ];
}

async function ask(
  program: Program,
  kind: keyof typeof mutations,
  input: Record<string, unknown>,
): Promise<EngineResult> {
  const answer = await graphql<EngineResult>(program.url, mutations[kind], { input });
  if (answer.made.status !== 'SUCCEEDED') throw new Error(`Not made: ${JSON.stringify(answer.made)}`);
  return answer;
}
