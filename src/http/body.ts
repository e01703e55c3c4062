import { Readable } from 'node:stream';
import { GraphQLError } from 'graphql';
import type { Upload } from './graphql/upload-budget.js';

/** A body went on after as many bytes as are read. For the client, whoever reads the body. */
export class BodyTooLong extends GraphQLError {
  constructor(most: number) {
    super(`Expected at most ${most} bytes but received more.`, {
      extensions: { code: 'TOO_LARGE', http: { status: 413 } },
    });
  }
}

/** How a request is made of a stream; Yoga's, which takes Node's streams and reads forms within limits. */
export interface RequestMaker {
  readonly Request: typeof Request;
}

/**
 * The same request, whose body is counted while it is read: what says nothing of its length (chunked) may have no end.
 * Reading it rejects with BodyTooLong where more than `most` bytes come.
 */
export function counted(request: Request, most: number, { Request: Made }: RequestMaker): Request {
  if (request.body === null) return request;
  const { url, method, headers, signal } = request;
  const body = Readable.from(countedChunks(request, most), { objectMode: false });
  return new Made(url, { method, headers, signal, body, duplex: 'half' } as unknown as RequestInit);
}

/** The same request, whose body takes from the memory that all uploads share. Reading it rejects with UploadsBusy where there is none. */
export function withinBudget(request: Request, upload: Upload, { Request: Made }: RequestMaker): Request {
  if (request.body === null) return request;
  const { url, method, headers, signal } = request;
  const body = Readable.from(budgetedChunks(request, upload), { objectMode: false });
  return new Made(url, { method, headers, signal, body, duplex: 'half' } as unknown as RequestInit);
}

async function* budgetedChunks(request: Request, upload: Upload): AsyncGenerator<Uint8Array> {
  const source = sourceOf(request);
  const chunks = source.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const { done, value } = await Promise.race([chunks.next(), upload.letGo]);
      if (done === true) break;
      upload.take((value as Uint8Array).byteLength);
      yield value as Uint8Array;
    }
    upload.whole();
  } catch (error) {
    upload.end();
    discard(source);
    throw error;
  }
}

function sourceOf({ body }: Request): Readable {
  // Yoga's streams are Node's inside.
  return body instanceof ReadableStream ? Readable.fromWeb(body as never) : (body as unknown as Inner).readable;
}

/** Its sender hears no answer before it has sent everything; Node ends one that never does by `requestTimeout`. */
function discard(source: Readable): void {
  source.on('error', () => {});
  setImmediate(() => source.resume());
}

/** Nothing is taken from the source before the first chunk is asked for: what nobody reads stays Node's to discard. */
async function* countedChunks(request: Request, most: number): AsyncGenerator<Uint8Array> {
  const source = sourceOf(request);
  let bytes = 0;
  // The source is the connection: destroyed, nobody could be told.
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Uint8Array).byteLength;
    if (bytes > most) break;
    yield chunk as Uint8Array;
  }
  if (bytes <= most) return;
  discard(source);
  throw new BodyTooLong(most);
}

interface Inner {
  readonly readable: Readable;
}
