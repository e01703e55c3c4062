import type { Plugin } from 'graphql-yoga';
import { MultipartError, type MultipartLimits, readMultipart } from '../multipart.js';
import { graphqlError } from '../responses.js';
import { isMultipart } from './body-limit.js';

/** Requests that bring files along. */
export function useUploads(limits: MultipartLimits): Plugin {
  return {
    onRequestParse({ request, setRequestParser }) {
      if (request.method !== 'POST' || !isMultipart(request)) return;
      setRequestParser(async (multipart) => {
        try {
          return await readMultipart(multipart, limits);
        } catch (error) {
          if (!(error instanceof MultipartError)) throw error;
          return graphqlError(error.status, error.message, error.status === 413 ? 'TOO_LARGE' : 'BAD_REQUEST') as never;
        }
      });
    },
  };
}
