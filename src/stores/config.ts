import { z } from 'zod';
import { either, setting } from '../environment/values.js';
import { EXPECTED, readS3Address } from './images/s3/address.js';

const httpUrl = z.url({ protocol: /^https?$/, error: 'expected an http or https address' });

/** The environment variables that this folder reads. */
export const storesSection = {
  title: 'Stores of several processes',
  schema: z
    .object({
      DATABASE_URL: setting(
        z
          .string()
          .regex(
            /^postgres(ql)?:\/\/[^/]+\/./,
            'expected an address such as postgres://user:password@host:5432/inkstone',
          )
          .optional(),
        'Postgres (13 or newer) for the records of generations and images, which any number of processes share; a PgBouncer before it must be 1.21 or newer.',
        { default: 'a file in `DATA_DIR`' },
      ),
      IMAGE_STORE: setting(
        z
          .string()
          .refine((text) => readS3Address(text) !== null, { error: EXPECTED })
          .optional(),
        'S3 or what speaks like it for images, `s3://bucket/prefix`; those that come in are below `prefix/inputs/`. Credentials and region are those of the usual variables (`AWS_ACCESS_KEY_ID`, `AWS_REGION` …) or of the machine. The query may hold `region`, `style=path` or `style=host`, and `tags=off` for a service that knows no tags. Nothing leaves by itself: `IMAGE_STORE_BYTES` is of folders, here lifecycle rules decide.',
        { default: 'folders in `DATA_DIR`' },
      ),
      S3_ENDPOINT: setting(httpUrl.optional(), 'Where the S3 service is.', { default: "Amazon's" }),
      S3_PUBLIC_ENDPOINT: setting(
        httpUrl.optional(),
        'Where clients reach the S3 service, where that is another address.',
        { default: '`S3_ENDPOINT`' },
      ),
      IMAGE_REDIRECT: setting(
        either('on', 'off', 'off'),
        'Whether the address of an image as it was stored (PNG, in full size) is answered with a redirect to the S3 service, so that its bytes bypass this program. The address there holds for ten minutes. Other sizes and formats are made here in any case.',
      ),
    })
    .refine(({ IMAGE_REDIRECT, IMAGE_STORE }) => !IMAGE_REDIRECT || IMAGE_STORE !== undefined, {
      path: ['IMAGE_REDIRECT'],
      error: 'expected off, since IMAGE_STORE names no S3 service',
    }),
};

export type StoresConfig = z.infer<typeof storesSection.schema>;
