import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context, Cursor } from '../../../schema/index.js';
import { eventStream, multipartStream, type StreamFormat, streamOf } from './streams.js';

/**
 * Subscriptions over HTTP: as server-sent events whose ids are the sequence, so that a browser that lost its connection goes on
 * where it was; and by the multipart protocol of Apollo's clients.
 */
export function useStreams(): Plugin {
  const contexts = new WeakMap<Request, Context>();
  return {
    onSubscribe({ args }) {
      const context = args.contextValue as unknown as Context & { readonly request?: Request };
      if (context.request !== undefined) contexts.set(context.request, context);
    },
    onResultProcess({ request, result, setResultProcessor }) {
      const results = isStream(result) ? result[Symbol.asyncIterator]() : null;
      const accept = request.headers.get('accept');
      if (results === null && acceptsJson(accept)) return;
      const format = formatFor(accept);
      if (format === null) return;
      setResultProcessor(
        (answer) =>
          results === null
            ? respond(once(answer as ExecutionResult), format, null)
            : respond(results, format, contexts.get(request)?.cursor ?? null),
        format.contentType,
      );
    },
  };
}

/** The one that is wanted most, of a header that `useAccept` has put into that order. */
function formatFor(accept: string | null): StreamFormat | null {
  if (accept === null) return eventStream;
  const wanted = accept.split(', ').map((type) => {
    if (type.startsWith('text/event-stream')) return eventStream;
    return /^multipart\/mixed;.*subscriptionSpec="?1\.0"?(;|$)/i.test(type) ? multipartStream : null;
  });
  return wanted.find((format) => format !== null) ?? null;
}

function acceptsJson(accept: string | null): boolean {
  return accept === null || accept.includes('application/');
}

async function respond(
  results: AsyncIterator<ExecutionResult>,
  format: StreamFormat,
  cursor: Cursor | null,
): Promise<Response> {
  // A browser's EventSource connects again for as long as it is not told that there is no more.
  if (format === eventStream && cursor?.after != null && cursor.over) {
    const first = await results.next();
    if (first.done === true) return new Response(null, { status: 204 });
    return answer(streamOf(preceded(first.value, results), format, cursor), format);
  }
  return answer(streamOf(results, format, cursor), format);
}

function answer(body: ReadableStream<Uint8Array>, { contentType }: StreamFormat): Response {
  const headers = {
    'content-type': contentType,
    // Proxies that collect or compress would keep events back.
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  };
  return new Response(body, { headers });
}

async function* once(result: ExecutionResult): AsyncGenerator<ExecutionResult> {
  yield result;
}

async function* preceded(
  first: ExecutionResult,
  rest: AsyncIterator<ExecutionResult>,
): AsyncGenerator<ExecutionResult> {
  try {
    yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

function isStream(result: unknown): result is AsyncIterable<ExecutionResult> {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result;
}
