import type { ExecutionResult, FormattedExecutionResult } from 'graphql';
import type { Cursor } from '../../../schema/index.js';
import { told } from './error-codes.js';

/** How results that come one after another are written into one answer. */
export interface StreamFormat {
  readonly contentType: string;
  readonly opening: string;
  readonly closing: string;
  /** Sent when nothing else was for so long, so that nothing between takes the connection for dead. */
  readonly beat: string;
  readonly beatMs: number;
  /** @param sequence of a numbered event; null of any other result */
  next(result: FormattedExecutionResult, sequence: number | null): string;
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html, as graphql-sse names the events. */
export const eventStream: StreamFormat = {
  contentType: 'text/event-stream',
  // Some browsers wait for a first byte.
  opening: ':\n\n',
  closing: 'event: complete\ndata:\n\n',
  beat: ':\n\n',
  beatMs: 12_000,
  next: (result, sequence) =>
    `${sequence === null ? '' : `id: ${sequence}\n`}event: next\ndata: ${JSON.stringify(result)}\n\n`,
};

/**
 * What the HTTP links of Apollo's clients speak on the web, iOS and Kotlin. A boundary is written as soon as its part is whole, since
 * they take no part before.
 *
 * https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
 */
export const multipartStream: StreamFormat = {
  contentType: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
  opening: '\r\n--graphql',
  closing: '--\r\n',
  beat: part({}),
  beatMs: 5000,
  // Without data it is no answer but the end of the stream's source.
  next: (result) => part('data' in result ? { payload: result } : { payload: null, errors: result.errors }),
};

function part(body: object): string {
  return `\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(body)}\r\n--graphql`;
}

/**
 * The results, each written when the reader has taken the one before.
 *
 * @param cursor of a subscription that numbers its events: where it stops before their end, as when the server does, nothing is
 *   said of an end, since a reader who was told that there is no more would not come back
 */
export function streamOf(
  results: AsyncIterator<ExecutionResult>,
  format: StreamFormat,
  cursor: Pick<Cursor, 'sequence' | 'over'> | null,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let beats: NodeJS.Timeout | undefined;
  let failed = false;
  const stop = () => clearInterval(beats);
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const write = (text: string) => controller.enqueue(encoder.encode(text));
      write(format.opening);
      beats = setInterval(() => {
        // Nothing piles up before a reader that does not read.
        if ((controller.desiredSize ?? 0) > 0) write(format.beat);
      }, format.beatMs);
      beats.unref();
    },
    async pull(controller) {
      try {
        const { done, value } = await results.next();
        // Silent until the server closes the connection.
        if (done === true && cursor !== null && !cursor.over && !failed) return stop();
        failed = done !== true && value.data == null;
        const text = done === true ? format.closing : format.next(told(value), cursor?.sequence ?? null);
        controller.enqueue(encoder.encode(text));
        if (done !== true) return;
        stop();
        controller.close();
      } catch (error) {
        stop();
        controller.error(error);
      }
    },
    async cancel() {
      stop();
      await results.return?.();
    },
  });
}
