import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chinese, english } from './advice-prompts.js';
import { openServer, operation, type TestServer } from './server.js';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

interface Advised {
  readonly language: string;
  readonly tokens: number;
  readonly maxTokens: number;
  readonly truncated: boolean;
  readonly parts: { subject: string | null; attributes: string[]; relation: string | null };
  readonly advice: { kind: string; message: string; excerpts: string[] }[];
}

async function advised(prompt: string, model?: string): Promise<Advised> {
  const { promptAdvice } = await server.ask<{ promptAdvice: Advised }>(operation('advice'), { prompt, model });
  return promptAdvice;
}

describe.each([
  ['ZH', chinese],
  ['EN', english],
] as const)('advice on a prompt in %s', (language, examples) => {
  it.each(examples)('%s', async (prompt, subject, related, kinds) => {
    const { parts, advice, ...rest } = await advised(prompt);
    expect(rest.language).toBe(language);
    expect({
      subject: parts.subject,
      related: parts.relation !== null,
      kinds: advice.map(({ kind }) => kind).join(' '),
    }).toEqual({ subject, related, kinds });
    for (const { message, excerpts } of advice) {
      expect(/\p{Script=Han}/u.test(message.replaceAll(/“[^”]*”/gu, ''))).toBe(language === 'ZH');
      for (const excerpt of excerpts) expect(prompt).toContain(excerpt);
    }
  });
});

describe('advice', () => {
  it('names the attributes that stand before the subject and after it', async () => {
    expect((await advised('a tiny green frog, wet skin, on a leaf')).parts).toEqual({
      subject: 'frog',
      attributes: ['tiny', 'green', 'wet skin'],
      relation: 'on a leaf',
    });
    expect((await advised('一个戴帽子的老人，白胡子，坐在树下')).parts).toEqual({
      subject: '老人',
      attributes: ['戴帽子', '白胡子'],
      relation: '坐在树下',
    });
  });

  it('counts tokens as a generation does, and says when a prompt is long and when it is cut off', async () => {
    const words = (count: number) => `a cat on a mat, ${'striped '.repeat(count)}`;
    const short = await advised(words(1));
    expect(short).toMatchObject({ truncated: false, advice: [], maxTokens: 512 });
    expect(short.tokens).toBeGreaterThan(8);
    const kinds = async (count: number) => (await advised(words(count))).advice.map(({ kind }) => kind);
    expect(await kinds(40)).toEqual(['TOO_LONG']);
    expect(await kinds(600)).toEqual(['TRUNCATED']);
  });

  it('is given on prompts that are long and all of a kind, as often as they are asked for at once', async () => {
    const aliases = Array.from({ length: 30 }, (_, i) => `a${i}: promptAdvice(prompt: $prompt) { ...Language }`);
    const query = `query ($prompt: String!) { ${aliases.join(' ')} }
      fragment Language on PromptAdvice { language }`;
    const colons = `a cat${':'.repeat(32_000)}x`;
    const chinese = [`猫${'、'.repeat(10_900)}x`, '光'.repeat(10_900), `一${'有'.repeat(10_900)}一`];
    for (const prompt of [colons, ...chinese]) {
      const answers = Object.values(await server.ask<Record<string, Advised>>(query, { prompt }));
      expect(answers).toEqual(Array(30).fill({ language: prompt === colons ? 'EN' : 'ZH' }));
    }
  });

  it('is given on nothing at all, and refused for a model that is not there', async () => {
    expect((await advised('')).advice.map(({ kind }) => kind)).toEqual(['NO_SUBJECT']);
    expect(await advised('a cat', 'nobody')).toMatchObject({ message: expect.stringContaining('nobody') });
  });
});
