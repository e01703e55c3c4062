import type { Plugin } from 'graphql-yoga';

/** What the API answers is for whoever asked: no cache between us keeps it, not even where it was asked for by GET. */
export function useNoStore(path: string): Plugin {
  return {
    onResponse({ request, response }) {
      if (!response.headers.has('cache-control') && new URL(request.url).pathname === path)
        response.headers.set('cache-control', 'no-store');
    },
  };
}
