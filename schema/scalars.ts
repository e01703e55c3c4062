import { GraphQLError, Kind, print } from 'graphql';
import { builder } from './builder.js';
import { refusal } from './refusal.js';

/** @param written how the value stands in the request */
function seed(value: unknown, written = JSON.stringify(value)): number {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  const max = Number.MAX_SAFE_INTEGER;
  throw refusal(
    `Expected a Seed to be a whole number between 0 and ${max} but received ${shown(written)}.`,
    'OUT_OF_RANGE',
    { received: shown(written), min: 0, max },
  );
}

/** Whatever came, the sentence stays short. */
function shown(written: string): string {
  return written.length > 60 ? `${written.slice(0, 60)}…` : written;
}

builder.scalarType('Seed', {
  // The range in which JSON's integers are exact everywhere.
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259#section-6',
  description:
    "Integer 0 … 2^53−1. Accepted as a number or as a decimal string, answered as a number (GraphQL's Int ends at 2^31−1).",
  serialize: (value) => value,
  parseValue: seed,
  parseLiteral(node) {
    const value = node.kind === Kind.INT ? Number(node.value) : node.kind === Kind.STRING ? node.value : null;
    return seed(value, print(node));
  },
});

builder.scalarType('DateTime', {
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
  description: 'A moment in ISO 8601, in UTC: 2026-11-22T08:15:30.250Z.',
  serialize: (value) => new Date(value as number).toISOString() as unknown as number,
  parseValue(value) {
    const moment = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    if (!Number.isNaN(moment)) return moment;
    const received = shown(JSON.stringify(value));
    throw refusal(`Expected a DateTime in ISO 8601 but received ${received}.`, 'INVALID_VALUE', { received });
  },
});

builder.scalarType('Upload', {
  specifiedByURL: 'https://github.com/jaydenseric/graphql-multipart-request-spec',
  description: 'An image sent with the request (GraphQL multipart request): PNG, JPEG, WebP, AVIF or GIF.',
  serialize() {
    throw new GraphQLError('An Upload is only ever sent to the server.');
  },
  parseValue(value) {
    // The server's multipart parser and the platform each have a Blob of their own.
    if (typeof (value as Partial<Blob> | null)?.arrayBuffer === 'function') return value as Blob;
    throw refusal('Expected an Upload to be a file of a multipart request but received JSON.', 'INVALID_VALUE', {});
  },
  parseLiteral() {
    throw refusal('Expected an Upload to be a variable but received a literal.', 'INVALID_VALUE', {});
  },
});
