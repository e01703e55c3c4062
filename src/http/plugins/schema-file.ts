import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Access } from '../access.js';
import { etagOf, isKnown } from '../etag.js';
import { text } from '../responses.js';

export const SCHEMA_PATH = '/schema.graphql';

/** The schema as code generators and editors read it. Those who may not ask the API were sent away before. */
export function useSchemaFile(schema: GraphQLSchema, access: Pick<Access, 'required'>): Plugin {
  let printed: { readonly body: string; readonly etag: string } | null = null;
  return {
    onRequest({ request, url, endResponse }) {
      if (url.pathname !== SCHEMA_PATH) return;
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return endResponse(text(405, 'The schema is only read.', { allow: 'GET, HEAD' }));
      printed ??= print(schema);
      const { body, etag } = printed;
      const headers = {
        etag,
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': access.required ? 'private, no-cache' : 'no-cache',
        'x-content-type-options': 'nosniff',
      };
      if (isKnown(request.headers.get('if-none-match'), etag))
        return endResponse(new Response(null, { status: 304, headers }));
      endResponse(new Response(request.method === 'HEAD' ? null : body, { headers }));
    },
  };
}

/** Printed as in schema/schema.graphql. */
function print(schema: GraphQLSchema) {
  const body = `${printSchema(lexicographicSortSchema(schema))}\n`;
  return { body, etag: etagOf(body) };
}
