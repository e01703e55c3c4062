import type { Plugin } from 'graphql-yoga';
import { text } from '../responses.js';

/**
 * Nothing is at any other address. Yoga itself would execute what is sent to any that ends like its own (`/x/graphql`, `/x?y=/graphql`),
 * past those who guard the one path of the API.
 */
export function useNotFound(path: string): Plugin {
  return {
    onRequest({ url, endResponse }) {
      if (url.pathname !== path) endResponse(text(404, 'There is nothing at this address.'));
    },
  };
}
