import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder, freePort, goPrograms, required, type Service, startService } from './service.js';

/** What a client of the gateway needs besides its address. */
export const credentials = {
  AWS_ACCESS_KEY_ID: 'inkstone',
  AWS_SECRET_ACCESS_KEY: 'inkstone-secret',
  AWS_REGION: 'us-east-1',
};
export const bucket = 'inkstone';
const HOW = 'With Go: go install github.com/versity/versitygw/cmd/versitygw@v1.8.0';

export interface S3 extends Service {
  /** Where the gateway listens. */
  readonly endpoint: string;
  /** Variables that let the program use it. */
  readonly env: Readonly<Record<string, string>>;
}

/** An S3 gateway over a folder, with an empty bucket. */
export async function startS3(): Promise<S3> {
  const command = required('versitygw', HOW, 'versitygw', ...goPrograms('versitygw'));
  const [folder, port] = [dataFolder('s3'), await freePort()];
  mkdirSync(join(folder, bucket));
  const endpoint = `http://127.0.0.1:${port}`;
  const service = await startService({
    name: 's3',
    url: `s3://${bucket}/images`,
    folder,
    command,
    args: ['--port', `127.0.0.1:${port}`, 'posix', folder],
    env: { ROOT_ACCESS_KEY: credentials.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: credentials.AWS_SECRET_ACCESS_KEY },
    // Without a signature it answers 403, which says that it runs.
    ready: async () => void (await fetch(endpoint)),
  });
  return Object.assign(service, { endpoint, env: { ...credentials, S3_ENDPOINT: endpoint } });
}
