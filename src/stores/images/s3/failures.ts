import { StoreUnusable } from '../../unusable.js';
import type { S3Address } from './address.js';

interface Failure {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

export const statusOf = (error: unknown): number | undefined => (error as Failure).$metadata?.httpStatusCode;
export const isMissing = (error: unknown): boolean => statusOf(error) === 404;
/** Something is there already, or is being written in this moment. */
export const isTaken = (error: unknown): boolean => statusOf(error) === 412 || statusOf(error) === 409;

/** Why the store of that address cannot be used, in one sentence. */
export function unusable(
  variable: string,
  address: S3Address,
  endpoint: string | undefined,
  error: unknown,
): StoreUnusable {
  if (error instanceof StoreUnusable) return error;
  return new StoreUnusable(`${variable}: ${reason(address, endpoint ?? 'Amazon S3', error)}.`, { cause: error });
}

function reason({ bucket }: S3Address, place: string, error: unknown): string {
  const { name = '', code, message = '' } = error as Failure;
  if (name === 'CredentialsProviderError')
    return 'expected credentials, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, but found none';
  if (isMissing(error)) return `expected a bucket on ${place} but there is none called "${bucket}"`;
  if (name === 'RequestTimeTooSkewed')
    return `expected this machine's clock to be right but ${place} tells another time`;
  const status = statusOf(error);
  if (status === 403 || status === 401)
    return `expected credentials that may read, write and list the bucket "${bucket}" but ${place} refused them${/^[A-Z]\w+$/.test(name) && name !== 'Unknown' ? ` (${name})` : ''}`;
  if (status !== undefined) return `expected ${place} to take images but it answered ${status}: ${message}`;
  return `expected ${place} to answer but it cannot be reached (${code ?? name})`;
}
