import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { withShortErrors } from './short-errors.js';

/** Over HTTP. */
export function useShortErrors(): Plugin {
  return {
    onResultProcess({ result, setResult }) {
      if ('errors' in result) setResult(withShortErrors(result as ExecutionResult));
    },
  };
}
