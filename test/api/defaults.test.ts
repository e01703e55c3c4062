import { type GraphQLInputField, isInputObjectType, isNonNullType, isObjectType } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { schema } from '../../schema/index.js';
import { house, openServer, type TestServer } from './server.js';

/** Null is as good as nothing where there is a default: many clients send every field of their form. */

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

it('nothing that has a default refuses null', () => {
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  const inputs: readonly Pick<GraphQLInputField, 'name' | 'type' | 'defaultValue'>[] = types.flatMap((type) => {
    if (isInputObjectType(type)) return Object.values(type.getFields());
    return isObjectType(type) ? Object.values(type.getFields()).flatMap(({ args }) => args) : [];
  });
  const strict = inputs.filter(({ type, defaultValue }) => defaultValue !== undefined && isNonNullType(type));
  expect(strict.map(({ name }) => name)).toEqual([]);
});

it('null in every field of an input that may be left out means its default', async () => {
  const fields = 'id images { id } seed width steps guidance';
  const query = `mutation($i: GenerateInput!, $w: Int) { generate(input: $i, waitMs: $w) { __typename ... on Generation { ${fields} } ... on Problem { message } } }`;
  const ask = async (input: object, w: number | null) =>
    (await server.ask<{ generate: { id: string; images: unknown[] } }>(query, { i: input, w })).generate;
  const nothing = Object.fromEntries(
    ['negativePrompt', 'model', 'width', 'height', 'steps', 'guidance', 'dynamicGuidance', 'guidanceNormalization']
      .concat(['guidanceTruncation', 'loras', 'count', 'cache'])
      .map((name) => [name, null]),
  );
  const plain = await ask(house, 60_000);
  expect({ ...(await ask({ ...nothing, ...house }, null)), id: plain.id }).toEqual(plain);
});
