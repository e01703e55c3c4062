import { S3Client } from '@aws-sdk/client-s3';
import type { S3Address } from './address.js';

/** Ten seconds of pauses at most: a service that is started again is waited for. */
const ATTEMPTS = 7;
const CONNECT_LIMIT_MS = 2000;
/** Milliseconds of one attempt. */
const ANSWER_LIMIT_MS = 10_000;

// Node 20 is what this program needs at least, and the version of the SDK is pinned: its warning says nothing that can be acted on.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/**
 * A client of the service that the address and the usual variables (AWS_ACCESS_KEY_ID, AWS_REGION …) name.
 *
 * @param endpoint left out, Amazon's
 */
export function s3Client({ region, pathStyle }: S3Address, endpoint: string | undefined): S3Client {
  return new S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    // Others have no regions, but sign with one.
    region: region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-east-1',
    forcePathStyle: pathStyle ?? endpoint !== undefined,
    followRegionRedirects: true,
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_LIMIT_MS,
      requestTimeout: ANSWER_LIMIT_MS,
      throwOnRequestTimeout: true,
    },
    // Each image carries its own checksum; one of an empty body must not be signed into an address.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}
