import { counted, type RequestMaker } from '../body.js';
import type { HttpConfig } from '../config.js';
import { refusal } from '../responses.js';
import type { Middleware } from '../route.js';

/**
 * Requests longer than this are refused by what they say of themselves, beyond which Node reads none; those that say nothing (chunked)
 * are counted while they are read.
 */
export function bodyLimits(
  { BODY_LIMIT_BYTES, UPLOAD_BYTES }: Pick<HttpConfig, 'BODY_LIMIT_BYTES' | 'UPLOAD_BYTES'>,
  maker: RequestMaker,
): Middleware {
  return (next) => (request, context) => {
    if (request.method !== 'POST') return next(request, context);
    const { route, node } = context;
    const format = route?.refusals ?? 'text';
    const coding = codingOf(request.headers);
    if (coding !== null) {
      const sentence = `Expected a body as it is but received one with a ${coding} that is not understood.`;
      // https://www.rfc-editor.org/rfc/rfc9110#name-415-unsupported-media-type
      const understood = { 'accept-encoding': 'identity' };
      return refusal(format, { status: 415, code: 'UNSUPPORTED_ENCODING', sentence }, understood);
    }
    const most = BODY_LIMIT_BYTES + (route?.takesFiles && isMultipart(request) ? UPLOAD_BYTES : 0);
    const length = request.headers.get('content-length');
    if (Number(length ?? 0) > most) {
      const sentence = `Expected at most ${most} bytes but received ${length!.slice(0, 20)}.`;
      return refusal(format, { status: 413, code: 'TOO_LARGE', sentence });
    }
    // The lengths of requests that are not Node's are unchecked.
    return next(length === null || node === undefined ? counted(request, most, maker) : request, context);
  };
}

export function isMultipart({ headers }: Request): boolean {
  return /^multipart\/form-data\s*(;|$)/i.test(headers.get('content-type') ?? '');
}

/** The header that says that a body is coded in another way than in chunks. */
function codingOf(headers: Headers): 'Content-Encoding' | 'Transfer-Encoding' | null {
  const names = (header: string) =>
    (headers.get(header) ?? '')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim());
  if (names('content-encoding').some((name) => name !== '' && name !== 'identity')) return 'Content-Encoding';
  return names('transfer-encoding').some((name) => name !== '' && name !== 'chunked') ? 'Transfer-Encoding' : null;
}
