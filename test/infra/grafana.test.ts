import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { beforeAll, describe, expect, it } from 'vitest';
import { Metrics } from '../../src/telemetry/metrics.js';

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
const dashboard = JSON.parse(readFileSync(join(import.meta.dirname, '../../infra/grafana/inkstone.json'), 'utf8')) as {
  readonly panels: readonly Panel[];
};
const targets = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })));

/** Added to each series by Prometheus when it reads a process. */
const SCRAPED = ['job', 'instance'];

/** What a query asks for: names of series, and every label that is matched, grouped by or joined on. */
function asked(expr: string) {
  // Grafana fills its variables in before Prometheus parses anything.
  const query = expr.replaceAll('$__rate_interval', '1m').replaceAll('$job', '.+');
  const [series, labels, errors]: [string[], string[], string[]] = [[], [], []];
  const text = ({ from, to }: SyntaxNode) => query.slice(from, to);
  parser.parse(query).iterate({
    enter({ node }) {
      if (node.type.isError) errors.push(`${query} at ${node.from}`);
      if (node.name === 'VectorSelector') series.push(text(node.firstChild!));
      if (node.name === 'LabelName') labels.push(text(node));
    },
  });
  return { series, labels, errors };
}

describe('infra/grafana/inkstone.json', () => {
  /** Series → names of its labels, as a process exports them. */
  const exported = new Map<string, Set<string>>();
  beforeAll(async () => {
    const metrics = new Metrics();
    await metrics.start('1.2.3', {
      queue: async () => ({ models: { inkling: { waiting: 3, running: 1 } }, oldestMs: 1500 }),
      engineMemory: async () => [2 ** 28],
    });
    metrics.generation(700, { operation: 'GENERATE', status: 'SUCCEEDED', cache: 'MISS' });
    metrics.job(600, { model: 'inkling', outcome: 'finished' });
    metrics.stage(500, { stage: 'DENOISE' });
    metrics.request(5, { method: 'POST', route: '/graphql', status: 200 });
    metrics.image({ outcome: 'found' });
    metrics.subscription();
    for (const line of (await metrics.read())!.split('\n')) {
      const [, name, labels = ''] = /^([a-z_]+)(?:\{(.*)\})? /.exec(line) ?? [];
      if (name === undefined) continue;
      const names = [...labels.matchAll(/([a-z_]+)="/g)].map((match) => match[1]!);
      exported.set(name, new Set([...(exported.get(name) ?? []), ...names, ...SCRAPED]));
    }
  });

  it('is read by a parser that finds every name', () => {
    const found = asked('sum by (a) (rate(x_bucket{b="1"}[$__rate_interval])) / ignoring (c) group_left () y');
    expect(found).toEqual({ series: ['x_bucket', 'y'], labels: ['a', 'b', 'c'], errors: [] });
    expect(asked('sum(x').errors).not.toEqual([]);
  });

  it.each(targets)('$title: $legendFormat asks for what there is', ({ expr, legendFormat }) => {
    const { series, labels, errors } = asked(expr);
    expect(errors).toEqual([]);
    expect(series.filter((name) => !exported.has(name))).toEqual([]);
    const known = new Set(series.flatMap((name) => [...exported.get(name)!]));
    expect(labels.filter((label) => !known.has(label))).toEqual([]);
    // A legend shows labels that the query leaves.
    const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]!);
    const left = / by \(/.test(expr) ? new Set(labels) : known;
    expect(shown.filter((label) => !left.has(label))).toEqual([]);
  });

  it('shows every measure that a process exports', () => {
    const shown = targets.flatMap(({ expr }) => asked(expr).series.map(base));
    expect([...new Set([...exported.keys()].map(base))].filter((name) => !shown.includes(name))).toEqual([]);
  });

  it('says of every panel what it shows', () => {
    const panels = dashboard.panels.filter(({ type }) => type !== 'row');
    expect(
      panels.filter(({ description }) => !/^[A-Z].*\.$/.test(description ?? '')).map(({ title }) => title),
    ).toEqual([]);
  });
});

/** A histogram is three series. */
const base = (name: string) => name.replace(/_(bucket|count|sum)$/, '');
