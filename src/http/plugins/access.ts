import type { Plugin } from 'graphql-yoga';
import { wantsPage } from '../negotiation.js';
import { graphqlError, redirect, TOO_MANY_GUESSES, text } from '../responses.js';
import type { RequestFacts } from '../visitor.js';

const SENTENCE = 'This server asks for an access key: send it as `Authorization: Bearer …`.';

/** The API and its schema answer only those who may come in. Images, health and the sign-in page are open. */
export function useAccess(visitors: RequestFacts, path: string, schemaPath: string): Plugin {
  return {
    onRequest({ request, url, serverContext, endResponse }) {
      const isApi = url.pathname === path;
      if (!(isApi || url.pathname === schemaPath) || request.method === 'OPTIONS') return;
      const verdict = visitors.enter(request, serverContext);
      if (verdict === 'in') return;
      if (isApi && request.method === 'GET' && wantsPage(request.headers))
        return endResponse(redirect(`${visitors.basePathOf(request)}/login`));
      const refuse = (status: number, sentence: string, code: string, headers: Record<string, string>) =>
        endResponse(isApi ? graphqlError(status, sentence, code, headers) : text(status, sentence, headers));
      if (verdict === 'too many') refuse(429, TOO_MANY_GUESSES, 'TOO_MANY_ATTEMPTS', { 'retry-after': '60' });
      else refuse(401, SENTENCE, 'UNAUTHENTICATED', { 'www-authenticate': 'Bearer' });
    },
  };
}
