import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSchema, type GraphQLEnumType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { problemCodes } from '../../src/domain/problem-codes.js';

const root = join(import.meta.dirname, '../..');
const module = (name: string) => import(pathToFileURL(join(root, 'src/page', name)).href);
const { errorSentence, errorWords, fieldName, fieldWords, problemSentence, problemWords } =
  await module('problem-words.js');
const { fill } = await module('sentence.js');

const schema = buildSchema(readFileSync(join(root, 'schema/schema.graphql'), 'utf8'));
const codes = (schema.getType('ProblemCode') as GraphQLEnumType).getValues().map(({ name }) => name);

describe("the page's words for problems", () => {
  it.each(codes)('exist in both languages: %s', (code) => {
    const [en, zh] = problemWords[code];
    expect(en).toMatch(/^[^\p{Script=Han}]{10,}[.?]$/u);
    expect(zh).toMatch(/\p{Script=Han}.*。$/u);
  });

  it.each(codes)('speak only of parameters that the problem has: %s', (code) => {
    const described = problemCodes[code as keyof typeof problemCodes];
    const named = [...described.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    const known = new Set([...named, 'field', 'expected', 'received']);
    for (const sentence of problemWords[code])
      for (const [, name] of sentence.matchAll(/\{(\w+)\}/g)) expect([...known]).toContain(name);
  });

  it('say in Chinese nothing that the server says in English', () => {
    expect(Object.values<[string, string]>(problemWords).filter(([, zh]) => zh.includes('{expected}'))).toEqual([]);
  });

  it('call the fields as the page does', () => {
    const problem = {
      code: 'OUT_OF_RANGE',
      message: 'Expected `loras.0.weight` to be between -2 and 2 but received 9.',
      parameters: [
        { name: 'field', value: 'loras.0.weight' },
        { name: 'min', value: '-2' },
        { name: 'max', value: '2' },
        { name: 'received', value: '9' },
      ],
    };
    expect(problemSentence(problem, 'en')).toBe('LoRA weight: expected -2 to 2 but received 9.');
    expect(problemSentence(problem, 'zh')).toBe('LoRA 权重：应在 -2 到 2 之间，收到的是 9。');
    expect(fieldName('image.upload', 'zh')).toBe(fieldWords.image[1]);
  });

  it("are the server's own where a newer server has a code that the page does not know", () => {
    expect(problemSentence({ code: 'NEW', message: 'Something `new`.' }, 'zh')).toBe('Something new.');
  });

  it('exist for GraphQL errors and for statuses that no problem tells', () => {
    for (const [en, zh] of Object.values<[string, string]>(errorWords)) {
      expect(en.length).toBeGreaterThan(10);
      expect(zh).toMatch(/\p{Script=Han}/u);
    }
    const seed = { code: 'BAD_USER_INPUT', status: 400, field: 'seed', message: 'Expected a seed.' };
    expect(errorSentence(seed, 'zh')).toBe('种子：这个值不能用。');
    expect(errorSentence(seed, 'en')).toBe('Expected a seed.');
    expect(errorSentence({ status: 418, message: 'Odd.' }, 'zh')).toContain('Odd.');
  });
});

describe('a sentence', () => {
  it.each([
    [0, 'Refined in 0 places.'],
    [1, 'Refined in 1 place.'],
    [2, 'Refined in 2 places.'],
    [21, 'Refined in 21 places.'],
  ])('has the plural of its language: %i', (n, sentence) => {
    const sentences = [{ one: 'Refined in {n} place.', other: 'Refined in {n} places.' }, '精修了 {n} 处。'];
    expect(fill(sentences, 'en', { n })).toBe(sentence);
    expect(fill(sentences, 'zh', { n })).toBe(`精修了 ${n} 处。`);
  });
});
