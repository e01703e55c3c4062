import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { contentHash } from '../../src/checkpoint/index.js';
import { checkLora } from '../../src/compiler/index.js';
import type { ModelEntry } from '../../src/domain/model-entry.js';
import { openTokenizer } from '../../src/engine/models/tokenizer.js';
import { createEngine } from '../../src/engine/process/host.js';
import type { UseCases } from '../../src/generation/types.js';
import { httpSection } from '../../src/http/config.js';
import { createServer, type InkstoneServer, type Listening } from '../../src/http/server.js';
import { tinyTurbo } from '../engine/checkpoints.js';
import { newFolder, openService } from '../generation/open-studio.js';

/** The API on the tiny checkpoint: real engine, real stores, a folder of its own. */
export interface TestServer extends InkstoneServer {
  readonly service: UseCases;
  readonly log: string[];
  /** Posts one operation as clients do. */
  post(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Posts one operation with files, which belong at the given paths: `variables.input.image.upload`. */
  send<T = Record<string, never>>(
    query: string,
    variables: Record<string, unknown>,
    files: Readonly<Record<string, Blob>>,
  ): Promise<T>;
  /** … and returns its `data`, or throws its first error. */
  ask<T = Record<string, never>>(query: string, variables?: Record<string, unknown>): Promise<T>;
  listening(): Promise<Listening>;
  close(): Promise<void>;
}

export interface TestServerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What differs from the tiny checkpoint's own entry in the catalog. */
  readonly model?: Partial<ModelEntry>;
  /** Changes the studio before the server gets it. */
  readonly wrap?: (service: UseCases) => UseCases;
  readonly traced?: boolean;
}

export const origin = 'http://inkstone.test';

export async function openServer({
  env = {},
  model: changes = {},
  wrap = (service) => service,
  traced = false,
}: TestServerOptions = {}): Promise<TestServer> {
  const model: ModelEntry = {
    ...tinyTurbo(),
    defaults: { ...tinyTurbo().defaults, width: 64, height: 64, steps: 4, guidance: 0 },
    ...changes,
  };
  const engine = createEngine({
    catalog: [model],
    device: 'cpu',
    memoryBudgetBytes: 2 ** 30,
    promptCacheBytes: 2 ** 24,
    maxBatch: null,
    threads: 1,
    watchdogMs: 20_000,
    log: { info() {}, warn() {} },
  });
  const tokenizer = openTokenizer(model.components.tokenizer, model.limits.maxPromptTokens);
  const real = await openService({
    engines: [engine],
    catalog: [model],
    dataDir: newFolder(),
    env,
    countTokens: (_, text) => tokenizer.encodePrompt(text),
    modelContent: () => contentHash([model.components.transformer, model.components.vae]),
    loraContent(_, id) {
      const { file } = model.loras.find((lora) => lora.id === id)!;
      checkLora(model.components.transformer, file, `The LoRA "${id}"`);
      return contentHash([file]);
    },
  });
  const log: string[] = [];
  const service = wrap(real);
  const settings = httpSection.schema.parse({ PORT: '0', ...env });
  const server = createServer({
    service,
    settings,
    log: pino({ level: settings.LOG_LEVEL }, { write: (line) => log.push(line) }),
    traced,
  });
  let listening: Promise<Listening> | null = null;
  const post: TestServer['post'] = (body, headers = {}) =>
    server.fetch(
      new Request(`${origin}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    );
  return {
    ...server,
    service,
    log,
    post,
    async ask<T>(query: string, variables: Record<string, unknown> = {}) {
      const response = await post({ query, variables });
      const { data, errors } = (await response.json()) as Answer<T>;
      if (errors !== undefined) throw new Error(errors[0]?.message);
      return data;
    },
    async send<T>(query: string, variables: Record<string, unknown>, files: Readonly<Record<string, Blob>>) {
      const form = new FormData();
      const paths = Object.keys(files);
      form.set('operations', JSON.stringify({ query, variables }));
      form.set('map', JSON.stringify(Object.fromEntries(paths.map((path, i) => [i, [path]]))));
      for (const [i, path] of paths.entries()) form.set(String(i), files[path]!, 'image.png');
      const encoded = new Response(form);
      const body = await encoded.arrayBuffer();
      const headers = {
        accept: 'application/json',
        'content-type': encoded.headers.get('content-type')!,
        'content-length': String(body.byteLength),
        'x-graphql-yoga-csrf': '1',
      };
      const request = new Request(`${origin}/graphql`, { method: 'POST', headers, body });
      const { data, errors } = (await (await server.fetch(request)).json()) as Answer<T>;
      if (errors !== undefined) throw new Error(errors[0]?.message);
      return data;
    },
    listening() {
      listening ??= server.listen();
      return listening;
    },
    async close() {
      if (listening !== null) await (await listening).close(0);
      else await service.close(0);
      await engine.close();
    },
  };
}

interface Answer<T> {
  readonly data: T;
  readonly errors?: { readonly message: string }[];
}

/** A studio with some of its methods changed; the others stay what they are. */
export function changed(service: UseCases, methods: Partial<UseCases>): UseCases {
  return new Proxy(service, {
    get(target, name) {
      const value = Reflect.get(methods, name) ?? Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** One of the operations that ship with the schema. */
export function operation(name: string): string {
  return readFileSync(join(import.meta.dirname, `../../schema/operations/${name}.graphql`), 'utf8');
}

export const house = { prompt: 'a red house', seed: 7 };
/** Long enough that something can happen meanwhile. */
export const long = { prompt: 'a red house', width: 256, height: 256, steps: 100 };
