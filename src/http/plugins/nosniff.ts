import type { Plugin } from 'graphql-yoga';

/** Every answer is of the type that it says, whatever its first bytes look like. */
export function useNoSniff(): Plugin {
  return {
    onResponse({ response }) {
      if (!response.headers.has('x-content-type-options')) response.headers.set('x-content-type-options', 'nosniff');
    },
  };
}
