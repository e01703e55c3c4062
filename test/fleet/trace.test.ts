import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../infra/cluster/cluster.js';
import { missing } from './installed.js';

/** A span as OTLP writes it in JSON. */
interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes?: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

describe.skipIf(missing !== null)(`a fleet's spans${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  const spans: Span[] = [];
  const collector = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(body);
      for (const { scopeSpans } of resourceSpans ?? []) for (const scope of scopeSpans) spans.push(...scope.spans);
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  let cluster: Cluster;
  beforeAll(async () => {
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    cluster = await startCluster({
      ...{ api: 2, work: 1 },
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_LOGS_EXPORTER: 'none',
        OTEL_BSP_SCHEDULE_DELAY: '200',
      },
    });
  }, 180_000);
  afterAll(async () => {
    await cluster?.stop();
    collector.close();
  });

  const trace = (digit: string) => ({ id: digit.repeat(32), parent: digit.repeat(16) });
  const generate = async (url: string, { id, parent }: { id: string; parent: string }, prompt: string) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${id}-${parent}-01` },
      body: JSON.stringify({
        query: `mutation($input: GenerateInput!) { generate(input: $input, waitMs: 60000) { ... on Generation { status cache } } }`,
        variables: { input: { prompt, seed: 5, width: 64, height: 64, steps: 4 } },
      }),
    });
    return ((await response.json()) as { data: { generate: unknown } }).data.generate;
  };
  /** The spans of a trace, when one of this name has come. */
  const told = async (id: string, name: string) => {
    for (let i = 0; i < 200; i++) {
      const found = spans.filter(({ traceId }) => traceId === id);
      if (found.some((span) => span.name === name)) return found;
      await sleep(50);
    }
    throw new Error(
      `No span ${name} came; ${spans.map(({ traceId, name }) => `${traceId.slice(0, 4)} ${name}`).join(', ')}`,
    );
  };

  it('are one trace from the HTTP request through queue, worker and engine to each step', async () => {
    const asked = trace('a');
    expect(await generate(cluster.api[0]!.url, asked, 'a cat')).toEqual({ status: 'SUCCEEDED', cache: 'MISS' });
    await told(asked.id, 'image');
    const found = await told(asked.id, 'generation');
    const named = (name: string) => found.filter((span) => span.name === name);
    expect(named('step')).toHaveLength(4);
    const ancestors = ({ parentSpanId }: Span): string[] => {
      const parent = found.find(({ spanId }) => spanId === parentSpanId);
      return parent === undefined ? [] : [parent.name, ...ancestors(parent)];
    };
    expect(ancestors(named('step')[0]!).slice(0, 3)).toEqual(['denoise', 'image', 'generation']);
    expect(ancestors(named('generation')[0]!).at(-1)).toMatch(/^POST/);
    expect(JSON.stringify(found)).not.toContain('a cat');
  });

  it('of a request that shares an image link to the image of the one that began it', async () => {
    const [first, second] = [trace('b'), trace('c')];
    const answers = await Promise.all([
      generate(cluster.api[0]!.url, first, 'a dog'),
      generate(cluster.api[1]!.url, second, 'a dog'),
    ]);
    expect(answers.map((answer) => (answer as { cache: string }).cache).sort()).toEqual(['MISS', 'SHARED']);
    const [of, other] = (answers[0] as { cache: string }).cache === 'MISS' ? [first, second] : [second, first];
    const image = (await told(of.id, 'image')).find(({ name }) => name === 'image')!;
    const shared = (await told(other.id, 'generation')).find(({ name }) => name === 'generation')!;
    expect(shared.links?.map(({ spanId }) => spanId)).toEqual([image.spanId]);
  });
});
