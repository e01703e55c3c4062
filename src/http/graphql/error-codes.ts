import { type ExecutionResult, type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { shortMessage } from './short-errors.js';

/** Sentences of graphql-js that need no other mark, and what clients know them by. */
const known: readonly (readonly [RegExp, string])[] = [
  [/^Syntax Error/, 'GRAPHQL_PARSE_FAILED'],
  [
    /^(Must provide operation name|Unknown operation named|Must provide an operation|Unable to identify operation)/,
    'OPERATION_RESOLUTION_FAILURE',
  ],
  [/^(Variable "\$|Argument ")/, 'BAD_USER_INPUT'],
];

/** Clients decide by `extensions.code`: every error that leaves has one. */
export function withCode(error: GraphQLError): GraphQLError {
  const { code } = error.extensions ?? {};
  const field = fieldOf(error.message);
  const message = shortMessage(error.message);
  if (typeof code === 'string' && field === undefined && message === error.message) return error;
  const { nodes, source, positions, path, originalError } = error;
  const parameters = { ...(field === undefined ? {} : { field }), ...(error.extensions?.parameters as object) };
  const extensions = {
    ...error.extensions,
    code: code ?? codeOf(error),
    ...(field === undefined ? {} : { reason: error.extensions?.reason ?? 'INVALID_VALUE', parameters }),
  };
  return new GraphQLError(message, { nodes, source, positions, path, originalError, extensions } as never);
}

export function withCodes<T extends ExecutionResult>(result: T): T {
  return result.errors === undefined ? result : { ...result, errors: result.errors.map(withCode) };
}

/** `Variable "$input" got invalid value -1 at "input.seed"; …` is about `seed`, as a Problem would name it. */
function fieldOf(message: string): string | undefined {
  return /^Variable "\$(\w+)" got invalid value .* at "\1\.([\w.[\]]+)";/s
    .exec(message)?.[2]
    ?.replace(/\[(\d+)\]/g, '.$1');
}

/** As it is sent: with a code, and without what the library notes for itself. */
export function toldError(error: GraphQLError): GraphQLFormattedError {
  const formatted = withCode(error).toJSON();
  const { http, unexpected, ...extensions } = formatted.extensions as Record<string, unknown>;
  return { ...formatted, extensions };
}

/** @see toldError */
export function told({ data, errors, ...rest }: ExecutionResult): FormattedExecutionResult {
  return {
    ...(data === undefined ? {} : { data }),
    ...(errors === undefined ? {} : { errors: errors.map(toldError) }),
    ...rest,
  };
}

function codeOf({ message, nodes, path }: GraphQLError): string {
  const code = known.find(([sentence]) => sentence.test(message))?.[1];
  if (code !== undefined) return code;
  if (path !== undefined) return 'INTERNAL_SERVER_ERROR';
  return nodes === undefined ? 'BAD_REQUEST' : 'GRAPHQL_VALIDATION_FAILED';
}
