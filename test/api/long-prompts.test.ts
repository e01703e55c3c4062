import { afterAll, beforeAll, expect, it } from 'vitest';
import { graphql, type Program, startProgram } from '../program.js';

let program: Program;
beforeAll(async () => {
  program = await startProgram();
});
afterAll(() => program.stop());

/** Among the slowest to take apart: a clause of 10,900 characters without a space. */
const long = (field: string, i: number) => `${field}${i}${'一只狗在左边草地背景的'.repeat(1000)}`.slice(0, 10_850);

/** One operation that asks about `count` different long prompts, in its variables. */
function about(count: number, kind: 'query' | 'mutation', field: (variable: string) => string) {
  const names = Array.from({ length: count }, (_, i) => `p${i}`);
  const query = `${kind}(${names.map((name) => `$${name}: String!`).join(' ')}) {
    ${names.map((name) => `a_${name}: ${field(`$${name}`)}`).join('\n')}
  }`;
  return { query, variables: Object.fromEntries(names.map((name, i) => [name, long(`${count} ${field('')}`, i)])) };
}

const advised = (variable: string) =>
  `promptAdvice(prompt: ${variable}) { __typename ... on PromptAdvice { tokens truncated } }`;

it.each([
  ['one prompt', about(1, 'query', advised)],
  ['as many aliases of advice as a body holds', about(7, 'query', advised)],
  ['mutations', about(7, 'mutation', (p) => `generate(input: { prompt: ${p} }) { __typename }`)],
  [
    'negative prompts',
    about(
      7,
      'mutation',
      (p) => `generate(input: { prompt: "a cat", model: "inkling-base", negativePrompt: ${p} }) { __typename }`,
    ),
  ],
])(
  '%s of 32 KB keeps nobody waiting: neither a health check nor a short prompt',
  async (_name, { query, variables }) => {
    const order: string[] = [];
    const note = (name: string) => () => void order.push(name);
    const hostile = graphql<Record<string, { __typename: string; truncated?: boolean }>>(program.url, query, variables);
    const long = hostile.then((answer) => {
      order.push('long');
      return answer;
    });
    // It has arrived when the next request on another connection has been answered.
    await fetch(`${program.url}/healthz`);
    await Promise.all([
      fetch(`${program.url}/healthz`).then(note('health')),
      graphql(program.url, 'query($p: String!) { promptAdvice(prompt: $p) { __typename } }', {
        p: `${_name} a cat`,
      }).then(note('short')),
      long,
    ]);
    expect(order.at(-1)).toBe('long');
    for (const answer of Object.values(await long))
      expect(answer.truncated ?? answer.__typename).toBe(query.startsWith('query') ? true : 'InvalidInput');
  },
);
