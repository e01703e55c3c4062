import { z } from 'zod';
import { whenRead } from '../../inputs/when-read.js';
import { BodyTooLong } from '../body.js';
import { UploadsBusy } from './upload-budget.js';

/** Bounds on a multipart request. Generous beside an image, a mask and further images. */
export interface MultipartLimits {
  readonly files: number;
  /** Of each file, in bytes. */
  readonly fileBytes: number;
  /** Of `operations` and of `map`, in bytes. */
  readonly fieldBytes: number;
}

/** A multipart request that is none. One sentence, for the client. */
export class MultipartError extends Error {
  constructor(
    readonly status: 400 | 413 | 503,
    message: string,
  ) {
    super(message);
  }
}

/** File name in the form → where it belongs in `operations`. */
const mapSchema = z.record(z.string(), z.array(z.string()));

/**
 * What a multipart request asks for, its files in their places.
 *
 * @param onRead called when every file has been read, if there are any and all of them are
 * @see https://github.com/jaydenseric/graphql-multipart-request-spec
 * @throws MultipartError
 */
export async function readMultipart(
  request: Request,
  limits: MultipartLimits,
  onRead: () => void = () => {},
): Promise<Record<string, unknown>> {
  const form = await formOf(request, limits);
  const operations = z.record(z.string(), z.unknown()).safeParse(await jsonOf(form, 'operations', limits));
  if (!operations.success) throw wrong('`operations` to be one GraphQL request', 'something else');
  const map = mapSchema.safeParse(await jsonOf(form, 'map', limits));
  if (!map.success) throw wrong('`map` to be an object of lists of paths', 'something else');
  const places = Object.entries(map.data).flatMap(([name, paths]) => paths.map((path) => ({ name, path })));
  if (places.length > limits.files) throw wrong(`at most ${limits.files} paths in \`map\``, `${places.length}`);
  for (const { name, path } of places) place(operations.data, path, fileOf(form, name));
  const unread = new Set(places.map(({ name }) => fileOf(form, name)));
  for (const file of unread)
    whenRead.set(file, () => {
      if (unread.delete(file) && unread.size === 0) onRead();
    });
  return operations.data;
}

async function formOf(request: Request, { files, fileBytes, fieldBytes }: MultipartLimits): Promise<FormData> {
  // Clients send `operations` and `map` as fields or as files.
  const stopAt = {
    files: files + 2,
    fileSize: fileBytes,
    fields: 2,
    fieldSize: fieldBytes,
    fieldNameSize: 100,
    parts: files + 2,
  };
  const read = request.formData as (options: object) => Promise<FormData>;
  const form = await read.call(request, { formDataLimits: stopAt }).catch((error: Error) => {
    if (request.signal.aborted) throw error;
    if (error instanceof UploadsBusy) throw new MultipartError(503, error.message);
    if (error instanceof BodyTooLong) throw new MultipartError(413, error.message);
    if (/exceeded/.test(error.message)) throw tooMuch(limitsInWords({ files, fileBytes, fieldBytes }));
    throw wrong('a multipart request', 'one that cannot be read');
  });
  const sent = [...form].filter(
    ([name, value]) => typeof value !== 'string' && name !== 'operations' && name !== 'map',
  );
  if (sent.length > files) throw tooMuch(limitsInWords({ files, fileBytes, fieldBytes }));
  return form;
}

async function jsonOf(form: FormData, field: 'operations' | 'map', limits: MultipartLimits): Promise<unknown> {
  const value = form.get(field);
  if (value === null) throw wrong(`a field \`${field}\` in JSON`, 'none');
  const bytes = typeof value === 'string' ? Buffer.byteLength(value) : value.size;
  if (bytes > limits.fieldBytes) throw tooMuch(limitsInWords(limits));
  try {
    return JSON.parse(typeof value === 'string' ? value : await value.text());
  } catch {
    throw wrong(`the field \`${field}\` to be JSON`, 'something else');
  }
}

function fileOf(form: FormData, name: string): Blob {
  const file = form.get(name);
  if (file !== null && typeof file !== 'string') return file;
  throw wrong(`a file for each name in \`map\``, `none for ${JSON.stringify(name.slice(0, 60))}`);
}

/** Puts a file where the request says null, and nowhere else: no path reaches what is not the request's own. */
function place(operations: Record<string, unknown>, path: string, file: Blob): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  let at: unknown = operations;
  for (const key of keys) at = owned(at, key) ? at[key] : undefined;
  if (keys[0] !== 'variables' || !owned(at, last) || at[last] !== null)
    throw wrong('each path in `map` to lead to null in `operations.variables`', JSON.stringify(path.slice(0, 60)));
  at[last] = file;
}

function owned(value: unknown, key: string): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key);
}

const wrong = (expected: string, received: string) =>
  new MultipartError(400, `Expected ${expected} but received ${received}.`);

const tooMuch = (most: string) => new MultipartError(413, `Expected ${most} but received more.`);

function limitsInWords({ files, fileBytes, fieldBytes }: MultipartLimits): string {
  return `at most ${files} files of ${fileBytes} bytes, and fields of at most ${fieldBytes} bytes,`;
}
