import {
  type ASTVisitor,
  type DocumentNode,
  GraphQLError,
  Kind,
  parse,
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
  /** Fields of the mutation itself: each may start work. */
  mutations: 8,
};

/** Refuses operations that cost out of all proportion, before anything of them runs. */
export function useLimits(): Plugin {
  return {
    onParse({ params, setParseFn }) {
      setParseFn((source: unknown) => parse(source as string, { ...params.options, maxTokens: limits.tokens }));
    },
    onValidate({ addValidationRule }) {
      addValidationRule(limitRule);
    },
  };
}

interface Size {
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
}

function limitRule(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(operation) {
      const { depth, fields, aliases } = sizeOf(operation.selectionSet, context.getDocument(), new Set());
      const refuse = (what: string, most: number, count: number) =>
        context.reportError(
          new GraphQLError(`Expected at most ${most} ${what} in an operation but received ${count}.`, {
            nodes: operation,
            extensions: { code: 'TOO_COMPLEX' },
          }),
        );
      if (depth > limits.depth) refuse('levels of fields', limits.depth, depth);
      if (fields > limits.fields) refuse('fields', limits.fields, fields);
      if (aliases > limits.aliases) refuse('aliases', limits.aliases, aliases);
      const roots = operation.selectionSet.selections.length;
      if (operation.operation === 'mutation' && roots > limits.mutations) refuse('mutations', limits.mutations, roots);
      return false;
    },
  };
}

/** Introspection is bounded by the schema itself, so what is below `__schema` and `__type` is not counted. */
function sizeOf(set: SelectionSetNode, document: DocumentNode, spread: ReadonlySet<string>): Size {
  let total: Size = { depth: 0, fields: 0, aliases: 0 };
  const add = (size: Size) => {
    total = {
      depth: Math.max(total.depth, size.depth),
      fields: total.fields + size.fields,
      aliases: total.aliases + size.aliases,
    };
  };
  for (const selection of set.selections) {
    // Enough is known: a document made of fragments in fragments would otherwise take its time here.
    if (total.fields > limits.fields) break;
    if (selection.kind === Kind.FIELD) {
      const own = { depth: 1, fields: 1, aliases: selection.alias === undefined ? 0 : 1 };
      const introspects = selection.name.value.startsWith('__');
      const below =
        selection.selectionSet === undefined || introspects
          ? { depth: 0, fields: 0, aliases: 0 }
          : sizeOf(selection.selectionSet, document, spread);
      add({ depth: own.depth + below.depth, fields: own.fields + below.fields, aliases: own.aliases + below.aliases });
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      add(sizeOf(selection.selectionSet, document, spread));
    } else {
      const name = selection.name.value;
      const fragment = document.definitions.find(
        (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name,
      );
      // Unknown fragments and circles are other rules' business.
      if (fragment?.kind === Kind.FRAGMENT_DEFINITION && !spread.has(name))
        add(sizeOf(fragment.selectionSet, document, new Set([...spread, name])));
    }
  }
  return total;
}
