import {
  type ASTVisitor,
  type DocumentNode,
  GraphQLError,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** Bounds on one operation. Generous beside anything that a client of this schema needs. */
export const limits = {
  /** Of a document, so that a long one is not even parsed. */
  tokens: 2000,
  /** Fields inside fields. */
  depth: 12,
  /** Other names for fields. */
  aliases: 30,
  /** Fields in all, fragments counted wherever they are spread. */
  fields: 500,
  /** Fields of the mutation itself, through fragments as well: each may start work. */
  mutations: 8,
};

/** Refuses operations that cost out of all proportion, before anything of them runs. */
export function useLimits(): Plugin {
  return {
    onParse({ parseFn, setParseFn }) {
      setParseFn((source: string, options: object) => {
        try {
          return parseFn(source, { ...options, maxTokens: limits.tokens });
        } catch (error) {
          throw isTooLong(error) ? tooLong() : error;
        }
      });
    },
    onValidate({ addValidationRule }) {
      addValidationRule(limitRule);
    },
  };
}

/** graphql-js has no other mark for it than its sentence. */
function isTooLong(error: unknown): boolean {
  return error instanceof GraphQLError && /Document contains more that? \d+ tokens/.test(error.message);
}

function tooLong(): GraphQLError {
  return new GraphQLError(`Expected at most ${limits.tokens} tokens in a document but received more.`, {
    extensions: { code: 'TOO_COMPLEX' },
  });
}

interface Size {
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
  /** Fields of the outermost level alone. */
  readonly width: number;
}

const nothing: Size = { depth: 0, fields: 0, aliases: 0, width: 0 };

function limitRule(context: ValidationContext): ASTVisitor {
  const sizeOf = measure(context.getDocument());
  return {
    OperationDefinition(operation) {
      const { depth, fields, aliases, width } = sizeOf(operation.selectionSet);
      const refuse = (what: string, most: number, count: number) =>
        context.reportError(
          new GraphQLError(`Expected at most ${most} ${what} in an operation but received ${readable(count)}.`, {
            nodes: operation,
            extensions: { code: 'TOO_COMPLEX' },
          }),
        );
      if (depth > limits.depth) refuse('levels of fields', limits.depth, depth);
      if (fields > limits.fields) refuse('fields', limits.fields, fields);
      if (aliases > limits.aliases) refuse('aliases', limits.aliases, aliases);
      if (operation.operation === 'mutation' && width > limits.mutations) refuse('mutations', limits.mutations, width);
      return false;
    },
  };
}

/**
 * Sizes of a document's selections. A fragment is measured once however often it is spread: following each spread would take
 * time that doubles with every fragment in a fragment, and grows as a factorial where they go in circles.
 */
function measure(document: DocumentNode): (set: SelectionSetNode) => Size {
  const fragments = new Map<string, SelectionSetNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
  const measured = new Map<string, Size>();

  const sizeOf = (set: SelectionSetNode): Size => set.selections.map(sizeOfSelection).reduce(beside, nothing);
  const sizeOfSelection = (selection: SelectionNode): Size => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return sizeOfFragment(selection.name.value);
    if (selection.kind === Kind.INLINE_FRAGMENT) return sizeOf(selection.selectionSet);
    // Introspection is bounded by the schema itself, so what is below `__schema` and `__type` is not counted.
    const introspects = selection.name.value.startsWith('__');
    const below = selection.selectionSet === undefined || introspects ? nothing : sizeOf(selection.selectionSet);
    return {
      depth: below.depth + 1,
      fields: below.fields + 1,
      aliases: below.aliases + (selection.alias === undefined ? 0 : 1),
      width: 1,
    };
  };
  const sizeOfFragment = (name: string): Size => {
    const known = measured.get(name);
    if (known !== undefined) return known;
    measured.set(name, nothing); // unknown fragments and circles are other rules' business
    const set = fragments.get(name);
    const size = set === undefined ? nothing : sizeOf(set);
    measured.set(name, size);
    return size;
  };
  return sizeOf;
}

function beside(a: Size, b: Size): Size {
  return {
    depth: Math.max(a.depth, b.depth),
    fields: a.fields + b.fields,
    aliases: a.aliases + b.aliases,
    width: a.width + b.width,
  };
}

/** Fragments in fragments reach numbers that nobody reads. */
function readable(count: number): string {
  return count <= 1_000_000 ? String(count) : 'more than 1000000';
}
