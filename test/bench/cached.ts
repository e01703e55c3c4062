import autocannon from 'autocannon';
import { graphql, type Program } from '../program.js';

const repeat = `mutation Repeat($input: GenerateInput!) {
  generate(input: $input, waitMs: 60000) { ... on Generation { id status cache images { id url thumbhash } } }
}`;
const variables = { input: { prompt: 'a rocket above a castle, night sky background', seed: 7 } };

/** The same request again and again over HTTP, six clients at once, after it was made once. The load comes from this process. */
export async function cachedRepeat(program: Pick<Program, 'url'>) {
  await graphql(program.url, repeat, variables);
  const result = await autocannon({
    url: `${program.url}/graphql`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: repeat, variables }),
    connections: 6,
    duration: 8,
    verifyBody: (body) => typeof body === 'string' && body.includes('"cache":"HIT"'),
  });
  if (result.mismatches > 0 || result.errors > 0 || result.non2xx > 0) {
    throw new Error(
      `${result.mismatches + result.errors + result.non2xx} of the repeats were not answered from memory.`,
    );
  }
  return {
    p50: result.latency.p50,
    p99: result.latency.p99,
    perSecond: result.requests.average,
    count: result.requests.total,
  };
}

/** How many of `count` identical requests sent at once began work of their own. */
export async function identicalAtOnce(program: Program, count: number): Promise<number> {
  const input = { prompt: 'a panda to the left of a tree, snow background', seed: 11 };
  const query = `mutation Same($input: GenerateInput!) {
    generate(input: $input, waitMs: 60000) { ... on Generation { cache images { id } } }
  }`;
  const answers = await Promise.all(
    Array.from({ length: count }, () =>
      graphql<{ generate: { cache: string; images: { id: string }[] } }>(program.url, query, { input }),
    ),
  );
  if (new Set(answers.map(({ generate }) => generate.images[0]?.id)).size !== 1)
    throw new Error('Equal requests gave different images.');
  return answers.filter(({ generate }) => generate.cache === 'MISS').length;
}
