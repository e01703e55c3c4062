import { type ExecutionResult, GraphQLError } from 'graphql';

const MAX_ERRORS = 20;
const MAX_CHARACTERS = 500;
const MAX_NAME = 100;
const MAX_NODES = 10;

/** Errors whose length does not follow from what came: what is wrong is said, and not all of it repeated. */
export function shortErrors(errors: readonly GraphQLError[]): readonly GraphQLError[] {
  return errors.slice(0, MAX_ERRORS).map((error) => (isShort(error) ? error : shortened(error)));
}

/** @see shortErrors */
export function withShortErrors<T extends ExecutionResult>(result: T): T {
  if (result.errors === undefined || (result.errors.length <= MAX_ERRORS && result.errors.every(isShort)))
    return result;
  return { ...result, errors: shortErrors(result.errors) };
}

function isShort({ message, path, nodes, extensions }: GraphQLError): boolean {
  return (
    message.length <= MAX_CHARACTERS &&
    (nodes?.length ?? 0) <= MAX_NODES &&
    !path?.some((key) => String(key).length > MAX_NAME) &&
    Object.values(extensions).every((value) => shortValue(value) === value)
  );
}

function shortened({ message, path, nodes, source, positions, originalError, extensions }: GraphQLError): GraphQLError {
  return new GraphQLError(shortMessage(message), {
    nodes: nodes?.slice(0, MAX_NODES),
    source,
    positions: positions?.slice(0, MAX_NODES),
    path: path?.map((key) => (typeof key === 'string' ? key.slice(0, MAX_NAME) : key)),
    originalError,
    extensions: Object.fromEntries(Object.entries(extensions).map(([name, value]) => [name, shortValue(value)])),
  } as never);
}

/** Long words lose their ends, long sentences their middle: what was expected stands at the end. */
export function shortMessage(message: string): string {
  if (message.length <= MAX_CHARACTERS) return message;
  const said = message.replace(/\S{101,}/g, (word) => `${word.slice(0, MAX_NAME)}…`);
  if (said.length <= MAX_CHARACTERS) return said;
  return `${said.slice(0, MAX_CHARACTERS / 2)} … ${said.slice(-MAX_CHARACTERS / 2)}`;
}

function shortValue(value: unknown): unknown {
  if (typeof value === 'string') return shortMessage(value);
  const isLong = typeof value === 'object' && value !== null && JSON.stringify(value).length > 2 * MAX_CHARACTERS;
  return isLong ? undefined : value;
}
