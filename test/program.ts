import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const entry = join(root, 'dist/src/cli.js');

export interface Program {
  readonly process: ChildProcess;
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** Milliseconds from the start of the process to its ready line. */
  readonly readyMs: number;
  /** Everything it has printed so far. */
  output(): string;
  /** Ends it as an operator would (SIGTERM) and resolves with its exit code. */
  stop(): Promise<number | null>;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Arguments for Node itself, before the program. */
  readonly nodeArgs?: readonly string[];
  readonly timeoutMs?: number;
  /** Called with the process id as soon as there is one. */
  readonly onSpawn?: (pid: number) => void;
}

/** Starts the built program as a user does, on a free port and a data folder of its own, and waits for its ready line. */
export async function startProgram(options: ProgramOptions = {}): Promise<Program> {
  if (!existsSync(entry)) throw new Error(`There is no ${entry}: run \`npm run build\` first.`);
  const data = options.env?.DATA_DIR ?? mkdtempSync(join(tmpdir(), 'inkstone-data-'));
  const started = performance.now();
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), entry, 'serve', ...(options.args ?? [])], {
    cwd: root,
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', DATA_DIR: data, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  if (child.pid !== undefined) options.onSpawn?.(child.pid);
  let printed = '';
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const ready = new Promise<void>((resolve, reject) => {
    const collect = (chunk: Buffer) => {
      printed += chunk.toString();
      if (/^Ready /m.test(printed)) resolve();
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    exited.then((code) => reject(new Error(`The program ended with ${code} before it was ready:\n${printed}`)));
    setTimeout(
      () => reject(new Error(`The program was not ready in time:\n${printed}`)),
      options.timeoutMs ?? 60_000,
    ).unref();
  });
  try {
    await ready;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const readyMs = performance.now() - started;
  const url = /https?:\/\/[^\s/]+/.exec(printed)?.[0];
  if (url === undefined) throw new Error(`The program printed no address:\n${printed}`);
  return {
    process: child,
    url,
    readyMs,
    output: () => printed,
    async stop() {
      child.kill('SIGTERM');
      const code = await exited;
      if (options.env?.DATA_DIR === undefined) rmSync(data, { recursive: true, force: true });
      return code;
    },
  };
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  /** Standard output as it came. */
  readonly bytes: Buffer;
  readonly err: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What stands on standard input; left out, nothing. */
  readonly input?: string | Uint8Array;
}

/** Runs one command of the built program as a user does, until it ends by itself. */
export function runProgram(args: readonly string[], { cwd, env = {}, input = '' }: RunOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, [entry, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A command that does not read it may be gone before it is written.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  return new Promise((resolve) =>
    child.once('close', (code) => {
      const bytes = Buffer.concat(out);
      resolve({ code, bytes, out: bytes.toString(), err: Buffer.concat(err).toString() });
    }),
  );
}

/** Posts one operation and returns its `data`; GraphQL errors are thrown. */
export async function graphql<T>(url: string, query: string, variables: Record<string, unknown> = {}): Promise<T> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: T; errors?: { message: string }[] };
  if (errors !== undefined) throw new Error(errors.map(({ message }) => message).join('; '));
  return data;
}
