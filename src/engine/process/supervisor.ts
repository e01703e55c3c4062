import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Seen } from '../../domain/seen.js';
import { sibling } from '../../environment/sibling.js';
import type { DeviceChoice, EngineEvent, EngineJob, EngineResult } from '../engine.js';
import { EngineLost } from '../problems.js';
import type { Failure, FromProcess, ProcessSettings, ToProcess } from './messages.js';
import { type Pulse, watchPulse } from './pulse.js';

/** The operator's log. A pino logger is one. */
export interface EngineLog {
  info(message: string): void;
  warn(message: string): void;
}

export interface Supervision {
  /** Silence while working for which the process is ended. */
  readonly watchdogMs: number;
  /** Interval of pings to an idle process; one that has not answered by the next ping is ended. */
  readonly pingMs: number;
  readonly log: EngineLog;
}

export type EngineRequest =
  | { readonly type: 'run'; readonly job: EngineJob; readonly seen: Seen | null }
  | { readonly type: 'load'; readonly model: string };

/** How an order ended. */
export interface Reply {
  /** Models in memory afterwards. */
  readonly loaded: readonly string[];
  readonly result: { readonly result: EngineResult | null } | { readonly failure: Failure };
}

interface Pending {
  readonly onEvent: (event: EngineEvent) => void;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (reason: EngineLost) => void;
}

/** A process that does not answer in this time will not. */
const START_MS = 60_000;

/** The process ended before it could be used. The message is for the operator: it may repeat what a driver said. */
export class EngineNotStarted extends Error {
  override readonly name = 'EngineNotStarted';
}

/** One life of the engine's process, from its start to its end. */
export class EngineProcess {
  /** Resolves, with a sentence for the operator, when the process has ended. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #watchdogMs: number;
  readonly #pingMs: number;
  readonly #pending = new Map<number, Pending>();
  #choice: DeviceChoice | null = null;
  #onReady: () => void = () => {};
  #watchdog: NodeJS.Timeout | null = null;
  #pulse: Pulse | null = null;
  #messages = 0;
  #orders = 0;
  #killedFor: string | null = null;
  #stderrTail = '';
  #refusal: string | null = null;
  #over: EngineLost | null = null;

  constructor(settings: ProcessSettings, { watchdogMs, pingMs, log }: Supervision) {
    this.#watchdogMs = watchdogMs;
    this.#pingMs = pingMs;
    // Standard output belongs to the program that starts the engine.
    this.#child = fork(fileURLToPath(sibling(import.meta.url, 'child')), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // glibc otherwise raises its threshold to what was freed last and keeps what the conversion of weights needed only for a moment:
      // a quarter of the memory after loading.
      env: { MALLOC_MMAP_THRESHOLD_: '65536', ...process.env },
    });
    const onOutput = (chunk: Buffer) => {
      this.#stderrTail = (this.#stderrTail + chunk.toString()).slice(-2000);
      log.warn(`The engine's process says: ${chunk.toString().trimEnd()}`);
    };
    this.#child.stdout?.on('data', onOutput);
    this.#child.stderr?.on('data', onOutput);
    this.#child.on('message', (message: FromProcess) => this.#receive(message));
    this.ended = new Promise((resolve) => {
      const end = (sentence: string, stderrTail = '') => {
        this.#disarm();
        this.#pulse?.stop();
        // Clients get the exit reason but not the output, which may hold paths of this machine.
        this.#over = new EngineLost(sentence);
        for (const { reject } of this.#pending.values()) reject(this.#over);
        this.#pending.clear();
        resolve(this.#refusal ?? `${sentence}${stderrTail}`);
      };
      this.#child.on('error', (error) => end("The engine's process could not be started.", ` ${error.message}.`));
      this.#child.once('close', (code, signal) => end(this.#exitReason(code, signal), this.#said()));
    });
    this.#send({ type: 'start', settings });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when the process answers for the first time; rejects with EngineNotStarted when it ends before. */
  async ready(): Promise<DeviceChoice> {
    const timer = setTimeout(() => this.kill(`it did not answer within ${START_MS / 1000} seconds`), START_MS);
    try {
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#onReady = resolve;
          if (this.#choice !== null) resolve();
        }),
        this.ended.then((sentence) => Promise.reject(new EngineNotStarted(sentence))),
      ]);
    } finally {
      clearTimeout(timer);
    }
    return this.#choice!;
  }

  /** Sends a request. The reply rejects with EngineLost when the process ends first. */
  order(
    order: EngineRequest,
    onEvent: (event: EngineEvent) => void,
  ): { readonly reply: Promise<Reply>; abort(): void } {
    const id = ++this.#orders;
    if (this.#over !== null) return { reply: Promise.reject(this.#over), abort() {} };
    this.#pulse?.feel();
    const reply = new Promise<Reply>((resolve, reject) => this.#pending.set(id, { onEvent, resolve, reject }));
    this.#send({ ...order, id });
    this.#arm();
    return { reply, abort: () => this.#send({ type: 'abort', id }) };
  }

  /** Ends the process at once. `why` completes the sentence "The engine's process was ended because …". */
  kill(why: string): void {
    this.#killedFor ??= why;
    this.#child.kill('SIGKILL');
  }

  #receive(message: FromProcess): void {
    this.#messages++;
    this.#watchdog?.refresh();
    if (message.type === 'ready') {
      this.#choice = message.choice;
      this.#pulse = this.#watchPulse();
      this.#onReady();
    }
    if (message.type === 'refused') this.#refusal = message.message;
    if (message.type === 'event') this.#pending.get(message.id)?.onEvent(message.event);
    if (message.type === 'done')
      this.#conclude(message.id, { loaded: message.loaded, result: { result: message.result } });
    if (message.type === 'failed')
      this.#conclude(message.id, { loaded: message.loaded, result: { failure: message.failure } });
  }

  #conclude(id: number, reply: Reply): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#disarm();
    pending?.resolve(reply);
  }

  #arm(): void {
    this.#watchdog ??= setTimeout(() => {
      // Should this side have slept, as a closed laptop does, the messages of that time are still to be read.
      const before = this.#messages;
      setTimeout(() => {
        if (this.#messages === before && this.#pending.size > 0)
          this.kill(`it said nothing for ${this.#watchdogMs} ms`);
        else this.#watchdog?.refresh();
      }, 50);
    }, this.#watchdogMs);
  }

  /** A process at rest would otherwise be missed only by the next job. */
  #watchPulse(): Pulse {
    return watchPulse(this.#pingMs, {
      heard: () => this.#messages,
      isIdle: () => this.#pending.size === 0,
      ask: () => this.#send({ type: 'ping' }),
      onLost: () => this.kill(`it did not answer for ${this.#pingMs} ms although it had nothing to do`),
    });
  }

  #disarm(): void {
    if (this.#watchdog !== null) clearTimeout(this.#watchdog);
    this.#watchdog = null;
  }

  #send(message: ToProcess): void {
    // A process that is going cannot be written to; its end is reported by `ended`.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #exitReason(code: number | null, signal: string | null): string {
    if (this.#killedFor !== null) return `The engine's process was ended because ${this.#killedFor}.`;
    return `The engine's process ${signal === null ? `ended with code ${code}` : `was ended by ${signal}`}.`;
  }

  #said(): string {
    const prompts = this.#stderrTail.trim().split('\n');
    const telling = prompts.find((line) => /error/i.test(line)) ?? prompts.at(-1);
    return this.#killedFor === null && telling ? ` Before, it said: ${telling}` : '';
  }
}
