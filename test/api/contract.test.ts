import { readFileSync } from 'node:fs';
import {
  buildSchema,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { schema } from '../../schema/index.js';

const contract = buildSchema(readFileSync(new URL('contract.graphql', import.meta.url), 'utf8'));
const ours = Object.values(schema.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
);
const promised = Object.values(contract.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
);

describe('the schema', () => {
  it.each(promised.map((type) => [type.name, type] as const))('has %s as the contract has it', (name, type) => {
    const mine = schema.getType(name);
    expect(mine, `type ${name}`).toBeDefined();
    for (const promise of promisesOf(type)) expect(promisesOf(mine!)).toContain(promise);
  });

  it('describes every type, field, argument and value in words that say more than its name', () => {
    const silent = ours.flatMap(describable).filter(([name, description]) => !says(name, description ?? ''));
    expect(silent.map(([name, description]) => `${name}: ${description}`)).toEqual([]);
  });

  it('says of every number that a request may give in which range, or where its limits stand', () => {
    const numbers = ours.filter(isInputObjectType).flatMap((type) =>
      Object.values(type.getFields())
        .filter((field) => ['Int', 'Float'].includes(getNamedType(field.type).name))
        .map(({ name, description }) => [`${type.name}.${name}`, description] as const),
    );
    const vague = numbers.filter(([, description]) => !/\d|`Model\./.test(description ?? ''));
    expect(numbers.length).toBeGreaterThan(15);
    expect(vague).toEqual([]);
  });

  it('gives an `id` to nothing but a Node, as caches take two things with one id for the same', () => {
    const withId = ours.filter((type) => (isObjectType(type) || isInterfaceType(type)) && 'id' in type.getFields());
    const nodes = schema.getPossibleTypes(schema.getType('Node') as GraphQLInterfaceType).map(({ name }) => name);
    expect(withId.map(({ name }) => name).sort()).toEqual(['Node', ...nodes].sort());
  });

  it('is the one that is printed in schema.graphql', () => {
    const printed = readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8');
    expect(`${printSchema(lexicographicSortSchema(schema))}\n`).toBe(printed);
  });
});

/** At least twenty characters, and a word that the name has not. */
function says(name: string, description: string): boolean {
  const wordsOf = (text: string) => text.match(/[A-Z]?[a-z]+|[A-Z]+|\d+/g)?.map((word) => word.toLowerCase()) ?? [];
  const known = new Set([...wordsOf(name), 'a', 'an', 'the', 'of', 'its', 'this', 'is', 'which', 'what']);
  return description.trim().length >= 20 && wordsOf(description).some((word) => !known.has(word));
}

/** Everything a client may rely on, a line each: `Query.node: Node`, `Query.node(id: ID!)`, `Stage.LOAD`, `GenerateResult = QueueFull`. */
function promisesOf(type: GraphQLNamedType): string[] {
  if (isEnumType(type)) return type.getValues().map(({ name }) => `${type.name}.${name}`);
  if (isUnionType(type)) return type.getTypes().map(({ name }) => `${type.name} = ${name}`);
  if (isInputObjectType(type))
    return Object.values(type.getFields()).map(
      (field) => `${type.name}.${field.name}: ${field.type}${defaultOf(field.defaultValue)}`,
    );
  if (!isObjectType(type) && !isInterfaceType(type)) return [type.name];
  const fields = Object.values(type.getFields()).flatMap((field) => [
    `${type.name}.${field.name}: ${field.type}`,
    ...field.args.map((arg) => `${type.name}.${field.name}(${arg.name}: ${arg.type}${defaultOf(arg.defaultValue)})`),
  ]);
  return [...fields, ...type.getInterfaces().map(({ name }) => `${type.name} implements ${name}`)];
}

function defaultOf(value: unknown): string {
  return value === undefined ? '' : ` = ${JSON.stringify(value)}`;
}

function describable(type: GraphQLNamedType): [string, string | null | undefined][] {
  const own: [string, string | null | undefined][] = [[type.name, type.description]];
  if (isEnumType(type))
    return [
      ...own,
      ...type
        .getValues()
        .map(({ name, description }) => [`${type.name}.${name}`, description] as [string, typeof description]),
    ];
  if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) return own;
  for (const field of Object.values(type.getFields())) {
    own.push([`${type.name}.${field.name}`, field.description]);
    if ('args' in field)
      for (const arg of field.args) own.push([`${type.name}.${field.name}(${arg.name})`, arg.description]);
  }
  return own;
}
