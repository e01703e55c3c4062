import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A component that runs in a process of its own, with its data in a temporary folder. */
export interface Service {
  readonly name: string;
  /** As the settings of the program take it. */
  readonly url: string;
  /** Of the process that runs now. */
  readonly pid: number;
  /** Sends a signal to the component, such as SIGKILL or SIGSTOP. */
  signal(signal: NodeJS.Signals): void;
  /** Starts it again on its port and its data, after it ended. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export interface Program {
  readonly name: string;
  readonly url: string;
  /** Removed when the service is stopped. */
  readonly folder: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The account that it runs as, where this process may choose. */
  readonly account?: Account | null;
  /** What ends it in order; left out, SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** Rejects until it can be used. */
  readonly ready: () => Promise<void>;
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Milliseconds after which a component that cannot be used has failed to start. */
const START_LIMIT_MS = 20_000;
/** What ends with this process, however it ends. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a component. @throws Error with the last lines that it wrote */
export async function startService(program: Program): Promise<Service> {
  let child = await launch(program);
  return {
    name: program.name,
    url: program.url,
    get pid() {
      return child.pid!;
    },
    signal: (signal) => void process.kill(child.pid!, signal),
    async start() {
      child = await launchAgain(program);
    },
    async stop() {
      await end(child, program.stopSignal ?? 'SIGTERM');
      rmSync(program.folder, { recursive: true, force: true });
    },
  };
}

/** After a kill, what the component left behind (processes of its own, a port) may stand in the way for a moment. */
async function launchAgain(program: Program): Promise<ChildProcess> {
  const limit = performance.now() + START_LIMIT_MS;
  for (;;) {
    try {
      return await launch(program);
    } catch (error) {
      if (performance.now() > limit) throw error;
      await sleep(200);
    }
  }
}

async function launch({ name, command, args, env, account, ready }: Program): Promise<ChildProcess> {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    ...account,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let tail = '';
  const keep = (chunk: Buffer) => {
    tail = (tail + chunk).slice(-2000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      running.delete(child);
      reject(new Error(`${name} ended (${signal ?? code}) before it could be used:\n${tail}`));
    });
  });
  ended.catch(() => {});
  await Promise.race([usable(name, ready), ended]);
  return child;
}

async function usable(name: string, ready: () => Promise<void>): Promise<void> {
  const limit = performance.now() + START_LIMIT_MS;
  for (;;) {
    try {
      return await ready();
    } catch (error) {
      if (performance.now() > limit) throw new Error(`${name} could not be used in time.`, { cause: error });
      await sleep(30);
    }
  }
}

/** A stopped process hears no other signal than SIGCONT and SIGKILL. */
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  child.kill('SIGCONT');
  const late = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(late);
}

/** A folder for a component's data. */
export function dataFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `inkstone-${name}-`));
}

/** A port of the loopback interface that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The first of these programs that is installed: names are looked up in PATH, paths are taken as they are; null where none is. */
export function installed(...candidates: readonly string[]): string | null {
  const folders = (process.env.PATH ?? '').split(':');
  for (const candidate of candidates) {
    const paths = candidate.includes('/') ? [candidate] : folders.map((folder) => join(folder, candidate));
    const found = paths.find((path) => existsSync(path));
    if (found !== undefined) return found;
  }
  return null;
}

/** The same, for what cannot be done without. @throws Error that says how to install it */
export function required(name: string, how: string, ...candidates: readonly string[]): string {
  const found = installed(...candidates);
  if (found === null) throw new Error(`${name} is not installed here. ${how}`);
  return found;
}

/** The places where `go install` lays a program. */
export function goPrograms(name: string): string[] {
  if (installed('go') === null) return [];
  const [bin, path] = execFileSync('go', ['env', 'GOBIN', 'GOPATH'], { encoding: 'utf8' }).split('\n');
  return [bin ?? '', ...(path ?? '').split(':').map((folder) => join(folder, 'bin'))]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name));
}

/** The ids of a system account; null where there is none, or where this process cannot become another. */
export function accountOf(name: string): Account | null {
  if (process.getuid?.() !== 0) return null;
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null;
  }
}
