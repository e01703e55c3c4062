import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const cli = join(import.meta.dirname, '../../dist/src/cli.js');
/** Milliseconds until a process of the fleet must be ready: on a busy machine several load a model at once. */
const START_LIMIT_MS = 120_000;

/** A process of the program: an API or a worker. */
export interface Member {
  readonly url: string;
  readonly pid: number;
  signal(signal: NodeJS.Signals): void;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
}

/** Starts `inkstone <args> --json` of the built program and waits until it is ready. @throws Error with what it wrote last */
export async function startMember(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Member> {
  const child = spawn(process.execPath, [cli, ...args, '--json'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('exit', (code, signal) => {
      process.off('exit', kill);
      resolve(code ?? signal!);
    }),
  );
  const { url } = await firstLine(child, ended, args[0]!);
  await ready(url);
  return {
    url,
    pid: child.pid!,
    signal: (signal) => void child.kill(signal),
    ended,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** An API process that started before the first model was published is ready when it is. */
async function ready(url: string): Promise<void> {
  for (const limit = Date.now() + START_LIMIT_MS; Date.now() < limit; await sleep(100)) {
    const response = await fetch(`${url}/readyz`).catch(() => null);
    if (response?.ok) return;
  }
  throw new Error(`${url} was not ready in time.`);
}

async function firstLine(child: ChildProcess, ended: Promise<unknown>, role: string): Promise<{ url: string }> {
  let log = '';
  child.stderr!.on('data', (chunk) => {
    log = (log + chunk).slice(-4000);
    // Its log is this process's log, where that is asked for.
    if (process.env.CLUSTER_LOG === 'on') process.stderr.write(chunk);
  });
  let timer: NodeJS.Timeout | undefined;
  const line = new Promise<{ url: string }>((resolve, reject) => {
    let printed = '';
    child.stdout!.on('data', (chunk) => {
      printed += chunk;
      const end = printed.indexOf('\n');
      if (end >= 0) resolve(JSON.parse(printed.slice(0, end)));
    });
    ended.then((how) => reject(new Error(`inkstone ${role} ended (${how}) before it was ready:\n${log}`)));
    timer = setTimeout(() => reject(new Error(`inkstone ${role} was not ready in time:\n${log}`)), START_LIMIT_MS);
  });
  try {
    return await line;
  } finally {
    clearTimeout(timer);
  }
}
