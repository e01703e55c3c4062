import { type Context, context, propagation } from '@opentelemetry/api';

/** The names under which a trace is carried. https://www.w3.org/TR/trace-context/ */
const fields = ['traceparent', 'tracestate'];

/** The trace that a caller goes on with: of the first that names one; the active one where none does. */
export function callersContext(...carriers: readonly unknown[]): Context {
  const carrier = carriers.find((each) => typeof textOf(each, 'traceparent') === 'string');
  const read = Object.fromEntries(fields.map((field) => [field, textOf(carrier, field)]));
  return propagation.extract(context.active(), read);
}

function textOf(carrier: unknown, field: string): string | undefined {
  const value = (carrier as Readonly<Record<string, unknown>> | null | undefined)?.[field];
  return typeof value === 'string' ? value : undefined;
}
