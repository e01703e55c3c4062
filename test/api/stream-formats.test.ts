import type { ExecutionResult } from 'graphql';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventStream, multipartStream, streamOf } from '../../src/http/graphql/streams.js';

/** What is written while nothing happens, and when the source of a stream fails. */

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** Nothing, until it is told. */
function silent() {
  let tell: (result: IteratorResult<ExecutionResult>) => void = () => {};
  const returned = vi.fn(async () => ({ done: true as const, value: undefined }));
  const next = () =>
    new Promise<IteratorResult<ExecutionResult>>((resolve) => {
      tell = resolve;
    });
  return {
    results: { next, return: returned },
    returned,
    tell: (value: ExecutionResult) => tell({ done: false, value }),
  };
}

describe.each([
  ['server-sent events', eventStream, 12_000, ':\n\n', ':\n\n'],
  ['multipart', multipartStream, 5000, '\r\n--graphql', '\r\ncontent-type: application/json\r\n\r\n{}\r\n--graphql'],
] as const)('%s', (_name, format, beatMs, opening, beat) => {
  const read = async (reader: ReadableStreamDefaultReader<Uint8Array>) =>
    new TextDecoder().decode((await reader.read()).value);

  it('beat while nothing happens, but not before a reader that does not read', async () => {
    const { results } = silent();
    const reader = streamOf(results, format, null).getReader();
    vi.advanceTimersByTime(3 * beatMs);
    expect(await read(reader)).toBe(opening);
    vi.advanceTimersByTime(beatMs);
    expect(await read(reader)).toBe(beat);
    const next = read(reader);
    vi.advanceTimersByTime(beatMs - 1);
    expect(await Promise.race([next, Promise.resolve('nothing')])).toBe('nothing');
  });

  it('stop with their reader, and stop their source', async () => {
    const { results, returned } = silent();
    const reader = streamOf(results, format, null).getReader();
    await read(reader);
    await reader.cancel();
    expect(returned).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('the end of a source without data is told as Apollo’s protocol tells what is not the operation’s own', () => {
  const error = { message: 'gone', extensions: { code: 'INTERNAL_SERVER_ERROR' } };
  expect(multipartStream.next({ errors: [error] } as never, null)).toContain(
    `{"payload":null,"errors":[${JSON.stringify(error)}]}`,
  );
  expect(multipartStream.next({ data: null, errors: [error] } as never, null)).toContain(
    '{"payload":{"data":null,"errors"',
  );
});
