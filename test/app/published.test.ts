import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type S3, type Service, startPostgres, startS3 } from '../../infra/services/index.js';
import { readConfig } from '../../src/app/config.js';
import { assemble } from '../../src/app/generation-service.js';
import { openJobs } from '../../src/app/jobs.js';
import { openPublished } from '../../src/app/published.js';
import { openStores } from '../../src/app/stores.js';
import type { TokenCount } from '../../src/domain/prompt.js';
import { systemClock } from '../../src/environment/clock.js';
import type { PromptAdvice } from '../../src/generation/advice/advise.js';
import type { PromptThreads } from '../../src/generation/prompts/threads.js';
import readPrompt from '../../src/generation/prompts/worker.js';
import { createServer } from '../../src/http/server.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { catalogOf, newFolder, serving, tinyCopy } from '../api/catalogs.js';
import { diffusers, factorsOf, tensorsOf } from '../checkpoint/lora-files.js';
import { writeTensors } from '../compiler/files.js';
import { graphql, runProgram } from '../program.js';

/** A process without model files, while no worker lives: what was published of the models is all that it knows. */

let [postgres, s3] = [] as unknown as [Service, S3];
const lora = `${newFolder()}/ink.safetensors`;
writeTensors(lora, tensorsOf(factorsOf(4, 3), diffusers));
const catalog = catalogOf(
  { id: 'tiny', checkpoint: tinyCopy(), loras: { ink: lora, lost: '/nowhere.safetensors' } },
  { id: 'other', checkpoint: tinyCopy() },
  { id: 'broken', checkpoint: newFolder() },
);
let env: Record<string, string>;
beforeAll(async () => {
  [postgres, s3] = await Promise.all([startPostgres(), startS3()]);
  env = { ...s3.env, DATABASE_URL: postgres.url, IMAGE_STORE: s3.url, CHECKPOINTS: '', MODELS_CATALOG: catalog };
  Object.assign(process.env, s3.env);
});
afterAll(() => Promise.all([postgres.stop(), s3.stop()]));

const command = (...args: string[]) => runProgram(args, { env: { ...env, DATA_DIR: newFolder() } });

/** In this thread: from the sources the test runner starts no others. */
const prompts: Pick<PromptThreads, 'count' | 'advise' | 'close'> = {
  count: async (folder, maxTokens, prompt) => readPrompt({ kind: 'count', folder, maxTokens, prompt }) as TokenCount,
  advise: async (prompt, counted) => readPrompt({ kind: 'advise', prompt, counted }) as PromptAdvice,
  async close() {},
};

/** The API of a process that has nothing but the stores. */
async function openApi() {
  const log = pino({ level: 'silent' });
  const folder = newFolder();
  const settings = readConfig({ ...env, MODELS_CATALOG: '/nowhere', DATA_DIR: folder });
  const [clock, metrics] = [systemClock, new Metrics()];
  const stores = await openStores({ settings, log, clock });
  const published = await openPublished({ stores, folder, clock, log, prompts });
  const jobs = await openJobs({ settings, workers: [], log, clock });
  const { requestContext } = published;
  const loaded = () => new Set<string>();
  const service = assemble({ stores, jobs, requestContext, loaded, settings, log, clock, metrics });
  const server = createServer({ service, settings: settings.http, log });
  return {
    async ask<T>(query: string, variables: object = {}): Promise<T> {
      const body = JSON.stringify({ query, variables });
      const headers = { 'content-type': 'application/json' };
      const request = new Request('http://127.0.0.1:4000/graphql', { method: 'POST', headers, body });
      return ((await (await server.fetch(request)).json()) as { data: T }).data;
    },
    async close() {
      await service.close(0);
      await published.close();
    },
  };
}

const remembered = `mutation($i: GenerateInput!) { result: generate(input: $i) {
  __typename ... on NotCached { fingerprint } ... on Problem { message } } }`;
const request = { prompt: 'a red house', seed: 7, loras: [{ id: 'ink', weight: 1 }], cache: 'ONLY' };

describe('a process without model files', () => {
  it('offers nothing before models are published, and all that can be used from then on', async () => {
    const api = await openApi();
    const models = '{ models { name loras { name } maxPromptTokens } }';
    expect(await api.ask(models)).toEqual({ models: [] });
    expect(await api.ask(remembered, { i: { prompt: 'a cat' } })).toEqual({
      result: { __typename: 'QueueFull', message: 'No worker has published a model yet. Try again in 5 s.' },
    });
    const { code, out } = await command('catalog', 'publish');
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/^tiny is published: content [0-9a-f]{12}, /),
    });
    const expected = [
      { name: 'tiny', loras: [{ name: 'ink' }], maxPromptTokens: 512 },
      { name: 'other', loras: [], maxPromptTokens: 512 },
    ];
    await expect.poll(() => api.ask(models), { timeout: 10_000 }).toEqual({ models: expected });
    await api.close();
  });

  it('counts tokens, gives advice and works out fingerprints as one that has them, also while S3 is away', async () => {
    const advice = '{ promptAdvice(prompt: "a red house, a red house") { ... on PromptAdvice { tokens } } }';
    const program = await serving(catalog);
    const here = await graphql<object>(program.url, remembered, { i: request });
    expect(here).toMatchObject({
      result: { __typename: 'NotCached', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    const counted = await graphql<object>(program.url, advice);
    const api = await openApi();
    expect(await api.ask(advice)).toEqual(counted);
    s3.signal('SIGKILL');
    expect(await api.ask(remembered, { i: request })).toEqual(here);
    await s3.start();
    await api.close();
  });

  it('offers a model no more that is retired', async () => {
    expect(await command('catalog', 'retire', 'other')).toMatchObject({ code: 0 });
    const api = await openApi();
    expect(await api.ask('{ models { name } }')).toEqual({ models: [{ name: 'tiny' }] });
    await api.close();
    expect(await command('catalog', 'retire', 'other')).toMatchObject({
      code: 2,
      err: 'Expected one of tiny but received "other".\n',
    });
  });
});
