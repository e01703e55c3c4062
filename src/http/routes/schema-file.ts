import { lexicographicSortSchema, printSchema } from 'graphql';
import { schema } from '../../../schema/index.js';
import type { Access } from '../access.js';
import { isKnown } from '../conditions.js';
import { etagOf } from '../etag.js';
import type { Route } from '../route.js';

/** The schema as code generators and editors read it. */
export function schemaFile(access: Pick<Access, 'required'>): Route {
  let printed: { readonly body: string; readonly etag: string } | null = null;
  return {
    path: '/schema.graphql',
    methods: ['GET', 'HEAD'],
    access: 'key',
    refusals: 'text',
    handle(request) {
      printed ??= print();
      const { body, etag } = printed;
      const headers = {
        etag,
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': access.required ? 'private, no-cache' : 'no-cache',
      };
      if (isKnown(request.headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers });
      return new Response(request.method === 'HEAD' ? null : body, { headers });
    },
  };
}

/** Printed as in schema/schema.graphql. */
function print() {
  const body = `${printSchema(lexicographicSortSchema(schema))}\n`;
  return { body, etag: etagOf(body) };
}
