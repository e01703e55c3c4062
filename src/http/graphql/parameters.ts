import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** What a request asks for, as Yoga goes on with it: whether it is GraphQL is asked later. */
type Parameters = Record<string, unknown>;

/** Reads requests of every type but those with files. (Yoga's readers repeat what came, and log text that is no JSON as a failure of theirs.) */
export function useParameters(): Plugin {
  return {
    onRequestParse({ request, setRequestParser }) {
      const read = readerOf(request);
      if (read !== undefined) setRequestParser(read as never);
    },
  };
}

const readers: Readonly<Record<string, (request: Request) => Promise<unknown>>> = {
  'application/json': async (request) => objectOf(await textOf(request), 'the body'),
  'application/graphql+json': async (request) => objectOf(await textOf(request), 'the body'),
  'application/graphql': async (request) => ({ query: await textOf(request) }),
  'application/x-www-form-urlencoded': async (request) => fromForm(new URLSearchParams(await textOf(request))),
};

function readerOf(request: Request): ((request: Request) => unknown) | undefined {
  if (request.method === 'GET') return ({ url }) => fromForm(new URL(url).searchParams);
  const type = (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  return request.method === 'POST' && Object.hasOwn(readers, type) ? readers[type] : undefined;
}

function fromForm(form: URLSearchParams): Parameters {
  const json = (name: string) => {
    const text = form.get(name);
    return text === null || text === '' ? undefined : jsonOf(text, `\`${name}\``);
  };
  return {
    operationName: form.get('operationName') || undefined,
    query: form.get('query') || undefined,
    variables: json('variables'),
    extensions: json('extensions'),
  };
}

async function textOf(request: Request): Promise<string> {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(request.headers.get('content-type') ?? '')?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset))
    throw refused(415, 'UNSUPPORTED_MEDIA_TYPE', 'Expected the body to be in UTF-8 but received another charset.');
  const bytes = await request.arrayBuffer();
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refused(400, 'BAD_REQUEST', 'Expected the body to be in UTF-8 but received something else.');
  }
}

function objectOf(text: string, what: string): unknown {
  const value = jsonOf(text, what);
  if (typeof value === 'object' && value !== null) return value;
  throw refused(400, 'BAD_REQUEST', `Expected ${what} to be a JSON object but received something else.`);
}

function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refused(400, 'BAD_REQUEST', `Expected ${what} to be JSON but received something else.`);
  }
}

function refused(status: number, code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status } } });
}
