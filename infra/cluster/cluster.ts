import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type S3, type Service, startNginx, startPostgres, startRedis, startS3 } from '../services/index.js';
import { type Member, startMember } from './program.js';

export interface ClusterOptions {
  /** API processes. */
  readonly api?: number;
  /** Workers. */
  readonly work?: number;
  /** Of nginx, which stands before the API; left out, any that is free. */
  readonly port?: number;
  /** Settings of every process of the program. */
  readonly env?: NodeJS.ProcessEnv;
  /** Settings of the processes of one role, given those of the fleet: for a proxy on the way to a component, say. */
  readonly of?: (role: Role, shared: NodeJS.ProcessEnv) => Promise<NodeJS.ProcessEnv>;
}

export type Role = 'api' | 'work';

/** The whole fleet on one machine: real components, each a process of its own, with their data in temporary folders. */
export interface Cluster {
  readonly redis: Service;
  readonly postgres: Service;
  readonly s3: S3;
  readonly nginx: Service;
  readonly api: readonly Member[];
  readonly work: readonly Member[];
  /** Starts one more. */
  addApi(env?: NodeJS.ProcessEnv): Promise<Member>;
  addWorker(env?: NodeJS.ProcessEnv): Promise<Member>;
  /** What makes a process of the program a member of this fleet. */
  readonly env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

/** @throws Error that names the component that is not installed, or says why one did not start */
export async function startCluster({
  api = 3,
  work = 2,
  port,
  env = {},
  of = async () => ({}),
}: ClusterOptions = {}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'inkstone-cluster-'));
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    // The program before what it needs.
    for (const part of started.splice(0).reverse()) await part.stop().catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  };
  const begun = async <P extends { stop(): Promise<void> }>(starting: Promise<P>): Promise<P> => {
    const part = await starting;
    started.push(part);
    return part;
  };
  try {
    const [redis, postgres, s3] = await Promise.all([begun(startRedis()), begun(startPostgres()), begun(startS3())]);
    const publicPort = port ?? (await freePort());
    const shared = {
      QUEUE_URL: redis.url,
      DATABASE_URL: postgres.url,
      IMAGE_STORE: s3.url,
      ...s3.env,
      HOST: '127.0.0.1',
      PORT: '0',
      PUBLIC_URL: `http://127.0.0.1:${publicPort}`,
      TRUST_PROXY: 'true',
      ...env,
    };
    let members = 0;
    const own: Record<Role, NodeJS.ProcessEnv> = { api: await of('api', shared), work: await of('work', shared) };
    const member = (role: Role, args: readonly string[], more: NodeJS.ProcessEnv = {}) => {
      const data = join(folder, `${role}-${members++}`);
      mkdirSync(data);
      return begun(startMember(args, { ...shared, ...own[role], DATA_DIR: data, ...more }));
    };
    const apis: Member[] = [];
    const workers: Member[] = [];
    const addApi = async (more?: NodeJS.ProcessEnv) => {
      const added = await member('api', ['serve', '--no-engine'], more);
      apis.push(added);
      return added;
    };
    const addWorker = async (more?: NodeJS.ProcessEnv) => {
      const added = await member('work', ['work'], more);
      workers.push(added);
      return added;
    };
    // The first worker publishes the models, without which an API process knows none.
    for (let i = 0; i < work; i++) await addWorker();
    await Promise.all(Array.from({ length: api }, () => addApi()));
    const nginx = await begun(startNginx((listening) => proxy(listening, apis), publicPort));
    return { redis, postgres, s3, nginx, api: apis, work: workers, addApi, addWorker, env: shared, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Streams are passed on as they come; what an API process cannot take goes to the next. */
function proxy(port: number, apis: readonly Member[]): string {
  const servers = apis.map(({ url }) => `    server ${new URL(url).host} max_fails=1 fail_timeout=2s;`);
  return `  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream api {
    least_conn;
${servers.join('\n')}
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    client_max_body_size 64m;
    location / {
      proxy_pass http://api;
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_read_timeout 1h;
      proxy_next_upstream error timeout;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }`;
}
