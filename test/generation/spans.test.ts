import { context, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { studioFor, untilDone } from './fixture.js';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
afterAll(() => {
  // Files without an engine share their modules, and so the global tracer.
  trace.disable();
  context.disable();
  return provider.shutdown();
});
beforeEach(() => exporter.reset());

const named = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);

it('50 identical requests at once are one denoise span; the 49 that share link to the image it is part of', async () => {
  const service = await studioFor();
  const cat = { prompt: 'a cat', seed: 7 };
  const request = trace.getTracer('test').startSpan('request');
  await context.with(trace.setSpan(context.active(), request), () =>
    Promise.all(Array.from({ length: 50 }, () => service.generate(cat, untilDone))),
  );
  await service.generate(cat, untilDone);

  const [image, ...others] = named('image');
  expect(others).toHaveLength(0);
  expect(named('denoise')).toHaveLength(1);
  expect(named('step')).toHaveLength(4);
  const generations = named('generation');
  const outcomes = generations.map(({ attributes }) => attributes['inkstone.cache']);
  expect(outcomes.filter((outcome) => outcome === 'MISS')).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === 'SHARED')).toHaveLength(49);
  expect(outcomes.filter((outcome) => outcome === 'HIT')).toHaveLength(1);
  const shared = generations.filter(({ attributes }) => attributes['inkstone.cache'] === 'SHARED');
  expect(new Set(shared.map(({ links }) => links[0]?.context.spanId))).toEqual(new Set([image!.spanContext().spanId]));

  const maker = generations.find(({ attributes }) => attributes['inkstone.cache'] === 'MISS')!;
  expect(maker.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
  expect(image!.parentSpanContext?.spanId).toBe(maker.spanContext().spanId);
  for (const name of ['queue', 'encode_prompt', 'denoise', 'decode', 'encode_output'])
    expect(named(name)[0]!.parentSpanContext?.spanId).toBe(image!.spanContext().spanId);
  expect(named('step')[0]!.parentSpanContext?.spanId).toBe(named('denoise')[0]!.spanContext().spanId);
  expect(JSON.stringify(exporter.getFinishedSpans().map(({ attributes }) => attributes))).not.toContain('a cat');
});
