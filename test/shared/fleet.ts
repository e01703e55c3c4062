import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type S3, type Service, startPostgres, startRedis, startS3 } from '../../infra/services/index.js';
import type { Engine } from '../../src/engine/engine.js';
import type { CallersUseCases } from '../generation/as-caller.js';
import { emptyDatabase } from '../stores/databases.js';
import { type FleetEnv, type Member, openApi, openWorker } from './members.js';

/** A process of the fleet under test, which can be killed or stopped. */
export interface Process {
  /** Asks it to do something, and resolves with what it answers. */
  ask(words: object): Promise<Record<string, unknown>>;
  signal(signal: NodeJS.Signals): void;
  exited: Promise<unknown>;
}

/** Real Redis, Postgres and S3 for the tests of one file; each test has a fleet of its own over them. */
export function useFleet() {
  let services: { redis: Service; postgres: Service; s3: S3 };
  let env: FleetEnv = {};
  let count = 0;
  const open: Member[] = [];
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    const [redis, postgres, s3] = await Promise.all([startRedis(), startPostgres(), startS3()]);
    services = { redis, postgres, s3 };
    // The S3 client reads them from the environment alone.
    Object.assign(process.env, s3.env);
  });
  beforeEach(async () => {
    const { redis, postgres, s3 } = services;
    env = {
      ...{ PRECISION_CLASS: 'cpu', OWNER_LEASE_MS: '1000', QUEUE_LOCK_MS: '1000', QUEUE_STALLED_MS: '300' },
      ...s3.env,
      QUEUE_URL: `${redis.url}?prefix=t${++count}`,
      DATABASE_URL: await emptyDatabase(postgres.url),
      IMAGE_STORE: `s3://inkstone/t${count}`,
    };
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await Promise.all(open.splice(0).map((member) => member.close(0)));
  });
  afterAll(() => Promise.all(Object.values(services).map((service) => service.stop())));

  return {
    get redis(): Service {
      return services.redis;
    },
    get env(): FleetEnv {
      return env;
    },
    /** API processes, all of them in this one. */
    async apis(count: number): Promise<CallersUseCases[]> {
      const apis = await Promise.all(Array.from({ length: count }, () => openApi(env)));
      open.push(...apis);
      return apis;
    },
    async worker(engine: Engine, batch?: number): Promise<Member> {
      const worker = await openWorker(env, engine, batch);
      open.push(worker);
      return worker;
    },
    /** One in a process of its own. */
    async process(role: 'api' | 'work'): Promise<Process> {
      const child = fork(join(import.meta.dirname, 'process.ts'), [role], {
        execArgv: ['--import', 'tsx'],
        env: { ...process.env, ...env },
      });
      children.push(child);
      const exited = once(child, 'exit');
      await once(child, 'message');
      return {
        async ask(words) {
          child.send(words);
          return (await once(child, 'message'))[0];
        },
        signal: (signal) => void child.kill(signal),
        exited,
      };
    },
  };
}
