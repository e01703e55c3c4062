import type { Plugin } from 'graphql-yoga';
import type { Access } from '../access.js';
import { wantsPage } from '../negotiation.js';
import { graphqlError } from '../responses.js';

/** The API answers only those who may come in. Pictures, health and the sign-in page are open. */
export function useAccess(access: Access, path: string): Plugin {
  return {
    onRequest({ request, url, endResponse }) {
      if (url.pathname !== path || request.method === 'OPTIONS' || access.allows(request.headers)) return;
      if (request.method === 'GET' && wantsPage(request.headers))
        endResponse(new Response(null, { status: 303, headers: { location: '/login', 'cache-control': 'no-store' } }));
      else
        endResponse(
          graphqlError(
            401,
            'This server asks for an access key: send it as `Authorization: Bearer …`.',
            'UNAUTHENTICATED',
            {
              'www-authenticate': 'Bearer',
            },
          ),
        );
    },
  };
}
