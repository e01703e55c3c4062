import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { trace } from '@opentelemetry/api';
import { afterEach, expect, it } from 'vitest';
import { startTelemetry } from '../../src/telemetry/sdk.js';

/** What a collector is told of this program, over the wire. */

const before = { ...process.env };
afterEach(() => {
  process.env = { ...before };
});

it('names itself and its version, and what OTEL_RESOURCE_ATTRIBUTES adds', async () => {
  const bodies: string[] = [];
  const collector = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(body);
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  Object.assign(process.env, {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
  });
  const telemetry = await startTelemetry('1.2.3', (error) => {
    throw error;
  });
  trace.getTracer('test').startSpan('something').end();
  await telemetry.shutdown();
  collector.close();
  const { attributes } = JSON.parse(bodies[0]!).resourceSpans[0].resource;
  const told = Object.fromEntries(
    attributes.map(({ key, value }: { key: string; value: { stringValue: string } }) => [key, value.stringValue]),
  );
  expect(told).toMatchObject({
    'service.name': 'inkstone',
    'service.version': '1.2.3',
    'deployment.environment.name': 'test',
  });
});
