import { context, SpanKind, trace } from '@opentelemetry/api';
import { getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { within } from '../../telemetry/within.js';

/**
 * A span for the operation, named as the conventions have it. What the use cases do hangs under it.
 * https://opentelemetry.io/docs/specs/semconv/graphql/graphql-spans
 */
export function useTracing(): Plugin {
  return {
    instrumentation: {
      execute: (_payload, wrapped) =>
        within('operation', { kind: SpanKind.INTERNAL }, context.active(), () => wrapped()),
    },
    // By now it is known which operation it is.
    onExecute({ args }) {
      const operation = getOperationAST(args.document, args.operationName);
      const span = trace.getActiveSpan();
      if (operation == null || span === undefined) return;
      span.updateName(operation.operation);
      span.setAttribute('graphql.operation.type', operation.operation);
      if (operation.name !== undefined) span.setAttribute('graphql.operation.name', operation.name.value);
    },
  };
}
