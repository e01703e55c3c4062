import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { graphqlError } from '../responses.js';
import { withCodes } from './error-codes.js';

/** Every answer of the API that is an error is one that a GraphQL client reads, and has a code. */
export function useErrorCodes(): Plugin {
  return {
    onRequestParse({ request, requestParser, endResponse }) {
      if (request.method === 'POST' && requestParser === undefined)
        endResponse(graphqlError(415, 'Expected the content type application/json.', 'UNSUPPORTED_MEDIA_TYPE'));
    },
    onResultProcess({ result, setResult, resultProcessor, setResultProcessor }) {
      if (isResult(result)) setResult(withCodes(result));
      if (resultProcessor === undefined)
        setResultProcessor(
          () =>
            graphqlError(
              406,
              'Expected to be let answer in application/json, or for a subscription in text/event-stream.',
              'NOT_ACCEPTABLE',
            ),
          'application/json',
        );
    },
  };
}

function isResult(result: unknown): result is ExecutionResult {
  return typeof result === 'object' && result !== null && !Array.isArray(result) && !(Symbol.asyncIterator in result);
}
