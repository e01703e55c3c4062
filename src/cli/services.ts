import type { Settings } from '../app/config.js';
import { SEEN_WITHIN_MS } from '../app/publish.js';
import { inspectDatabase, openPostgresStore } from '../stores/generations/postgres-store.js';
import { openS3ImageStore } from '../stores/images/s3-image-store.js';
import { inspectRedis } from '../stores/redis/inspect-redis.js';

/** A service that a fleet shares, as the doctor found it. */
export interface ServiceFinding {
  readonly name: 'Redis' | 'Postgres' | 'S3' | 'Fleet';
  /** What is there, in a few words. */
  readonly found: string;
  /** Sentences; empty where nothing stands in the way. */
  readonly problems: readonly string[];
  /** What to do about them. */
  readonly next: readonly string[];
}

/** Beyond it leases and signatures are wrong. */
const MOST_SKEW_MS = 2000;

/** Asks each service that the settings name. */
export async function examineServices({ jobs, stores, generation }: Settings): Promise<readonly ServiceFinding[]> {
  const { QUEUE_URL } = jobs;
  const { DATABASE_URL, IMAGE_STORE, S3_ENDPOINT } = stores;
  const looks = [
    QUEUE_URL === undefined ? [] : [examined('Redis', 'QUEUE_URL', () => redis(QUEUE_URL))],
    DATABASE_URL === undefined ? [] : [examined('Postgres', 'DATABASE_URL', () => postgres(DATABASE_URL))],
    IMAGE_STORE === undefined
      ? []
      : [examined('S3', 'IMAGE_STORE, S3_ENDPOINT and the credentials', () => s3(IMAGE_STORE, S3_ENDPOINT))],
  ].flat();
  const found = await Promise.all(looks);
  const isUsable = found.some(({ name, problems }) => name === 'Postgres' && problems.length === 0);
  if (DATABASE_URL === undefined || !isUsable) return found;
  return [...found, await fleet(DATABASE_URL, generation.GENERATION_LIMIT)];
}

type Found = Omit<ServiceFinding, 'name'>;

async function examined(
  name: ServiceFinding['name'],
  settings: string,
  look: () => Promise<Found>,
): Promise<ServiceFinding> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    return { name, found: '', problems: [(error as Error).message], next: [`start ${name}, or mend ${settings}`] };
  }
}

async function redis(url: string): Promise<Found> {
  const { version, policy, skewMs } = await inspectRedis(url);
  const clock = clockOf(skewMs);
  const isKeeping = policy === 'noeviction';
  return {
    found: `${version}, ${policy}`,
    problems: [
      ...(isKeeping ? [] : [`Expected the maxmemory-policy noeviction but received ${policy}: it may lose jobs.`]),
      ...clock.problems,
    ],
    next: [...(isKeeping ? [] : ['set maxmemory-policy noeviction in Redis']), ...clock.next],
  };
}

async function postgres(url: string): Promise<Found> {
  const { version, missing, skewMs } = await inspectDatabase(url);
  const { problems, next } = clockOf(skewMs);
  const steps = missing === 0 ? 'up to date' : `${missing} migrations to come`;
  if (missing === 0) return { found: `${version}, ${steps}`, problems, next };
  const sentence = `Expected a database that is up to date but ${missing} migrations are missing.`;
  return {
    found: `${version}, ${steps}`,
    problems: [sentence, ...problems],
    next: ['run `inkstone migrate`', ...next],
  };
}

async function s3(url: string, endpoint: string | undefined): Promise<Found> {
  const log = { warn() {} };
  const store = await openS3ImageStore(url, { kind: 'image', endpoint, onGone() {}, log });
  const { problems, next } = clockOf(store.skewMs);
  await store.close();
  return { found: 'it can be written', problems, next };
}

function clockOf(skewMs: number): Pick<Found, 'problems' | 'next'> {
  if (Math.abs(skewMs) <= MOST_SKEW_MS) return { problems: [], next: [] };
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const sentence = `Expected equal clocks but its clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's.`;
  return { problems: [sentence], next: ['set the clocks by NTP'] };
}

/** Which models are published, and whether those that publish them agree. */
async function fleet(url: string, rows: number): Promise<ServiceFinding> {
  const store = await openPostgresStore(url, { rows, log: { warn() {} } });
  const publications = await store.models.publications();
  await store.close();
  const since = Date.now() - SEEN_WITHIN_MS;
  const ids = [...new Set(publications.map(({ model }) => model.description.id))];
  const problems = ids.flatMap((id) => {
    const [newest, ...others] = publications.filter(({ model }) => model.description.id === id);
    const running = others.filter(({ seenAt }) => seenAt >= since);
    return running.map(
      ({ model }) =>
        `Expected all workers to have the model "${id}" as ${inShort(newest!.model)} but one has ${inShort(model)}: its jobs fail.`,
    );
  });
  return {
    name: 'Fleet',
    found: ids.length === 0 ? 'no models are published' : `models: ${ids.join(', ')}`,
    problems,
    next: problems.length === 0 ? [] : ['give all workers the same files of each model'],
  };
}

const inShort = ({ content, computedBy }: { content: string; computedBy: { device: string; runtime: string } }) =>
  `${content.slice(0, 12)} on ${computedBy.device} with ${computedBy.runtime}`;
