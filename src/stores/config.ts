import { z } from 'zod';
import { setting } from '../environment/values.js';

/** The environment variables that this folder reads. */
export const storesSection = {
  title: 'Stores of several processes',
  schema: z.object({
    DATABASE_URL: setting(
      z
        .string()
        .regex(/^postgres(ql)?:\/\/[^/]+\/./, 'expected an address such as postgres://user:password@host:5432/inkstone')
        .optional(),
      'Postgres (13 or newer) for the records of generations and images, which any number of processes share; a PgBouncer before it must be 1.21 or newer.',
      { default: 'a file in `DATA_DIR`' },
    ),
  }),
};

export type StoresConfig = z.infer<typeof storesSection.schema>;
