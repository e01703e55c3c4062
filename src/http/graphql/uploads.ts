import type { Plugin } from 'graphql-yoga';
import { withinBudget } from '../body.js';
import { isMultipart } from '../middleware/body-limits.js';
import { graphqlError } from '../responses.js';
import { MultipartError, type MultipartLimits, readMultipart } from './multipart.js';
import { type Upload, UploadBudget } from './upload-budget.js';

const codes = { 400: 'BAD_REQUEST', 413: 'TOO_LARGE', 503: 'UPLOADS_BUSY' } as const;

/** Requests that bring files along. Their bytes are counted from when they come until they are decoded, or the request is answered. */
export function useUploads(limits: MultipartLimits, budget = new UploadBudget(Number.POSITIVE_INFINITY)): Plugin {
  const uploads = new WeakMap<object, Upload>();
  /** Yoga's, which is the same for every request. */
  let fetchAPI: { readonly Request: typeof Request } = globalThis;
  return {
    onRequest(given) {
      fetchAPI = given.fetchAPI;
    },
    onRequestParse({ request, serverContext, setRequestParser }) {
      if (request.method !== 'POST' || !isMultipart(request)) return;
      setRequestParser(async (multipart) => {
        const upload = budget.begin();
        uploads.set(serverContext as object, upload);
        try {
          const within = withinBudget(multipart, upload, fetchAPI);
          return await readMultipart(within, limits, () => upload.end());
        } catch (error) {
          upload.end();
          if (!(error instanceof MultipartError)) throw error;
          // Of one that was let go, the rest is not waited for.
          const headers = error.status === 503 ? { 'retry-after': '1', connection: 'close' } : {};
          return graphqlError(error.status, error.message, codes[error.status], headers) as never;
        }
      });
    },
    onResponse({ serverContext }) {
      uploads.get(serverContext as object)?.end();
    },
  };
}
