import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemCodes } from '../../src/domain/problem-codes.js';
import { house, openServer, type TestServer } from './server.js';

/** Problems as programs read them, to say them in a language of their own. */

let server: TestServer;
beforeAll(async () => {
  server = await openServer({ env: { WAIT_LIMIT_MS: '60000' } });
});
afterAll(() => server.close());

interface Told {
  readonly code: string;
  readonly parameters: readonly { readonly name: string; readonly value: string }[];
}

const problem = '... on Problem { code parameters { name value } }';
const told = ({ code, parameters }: Told) => ({
  code,
  ...Object.fromEntries(parameters.map(({ name, value }) => [name, value])),
});
const refusal = async (field: 'generate' | 'edit' | 'refine', input: object) => {
  const type = `${field[0]!.toUpperCase()}${field.slice(1)}Input`;
  const query = `mutation($i: ${type}!) { problem: ${field}(input: $i, waitMs: 60000) { ${problem} } }`;
  return told((await server.ask<{ problem: Told }>(query, { i: input })).problem);
};

describe('a problem has a code, and what a sentence about it needs', () => {
  it.each([
    ['steps', { steps: 101 }, { code: 'OUT_OF_RANGE', min: '1', max: '100', received: '101' }],
    ['width', { width: 65 }, { code: 'INVALID_SIZE', multipleOf: '16', received: '65' }],
    ['prompt', { prompt: ' ' }, { code: 'EMPTY' }],
    ['prompt', { prompt: 'x'.repeat(40_000) }, { code: 'TOO_LONG', max: '32768', unit: 'BYTES' }],
    ['guidance', { guidance: 3 }, { code: 'NOT_SUPPORTED', model: 'tiny-turbo', received: '3' }],
    ['seed', { seed: null, cache: 'ONLY' }, { code: 'REQUIRED', with: 'cache' }],
    ['loras.0.id', { loras: [{ id: 'nobody' }] }, { code: 'NOT_SUPPORTED', received: 'nobody' }],
    ['model', { model: 'nobody' }, { code: 'UNKNOWN_MODEL', received: 'nobody' }],
  ])('%s of %o', async (field, input, said) => {
    expect(await refusal('generate', { ...house, ...input })).toMatchObject({ field, ...said });
  });

  it('an id of nothing, and an image that is not remembered', async () => {
    const id = 'f'.repeat(64);
    expect(await refusal('edit', { image: { id }, prompt: 'x', strength: 0.5 })).toEqual({
      code: 'NOT_FOUND',
      type: 'Image',
      id,
    });
    const { cancel } = await server.ask<{ cancel: Told }>(`mutation { cancel(id: "nobody") { ${problem} } }`);
    expect(told(cancel)).toEqual({ code: 'NOT_FOUND', type: 'Generation', id: 'nobody' });
    expect(await refusal('generate', { ...house, seed: 4711, cache: 'ONLY' })).toMatchObject({ code: 'NOT_CACHED' });
  });

  it('the schema lists every code that the program gives', async () => {
    const { type } = await server.ask<{ type: { enumValues: { name: string }[] } }>(
      '{ type: __type(name: "ProblemCode") { enumValues { name } } }',
    );
    expect(type.enumValues.map(({ name }) => name).sort()).toEqual(Object.keys(problemCodes).sort());
  });
});
