import { fork } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { changedTurbo, temporaryFolder } from './checkpoints.js';
import { engineWith, job, longJob, run, runUntilStep, sampled } from './engines.js';

const lost = { code: 'EngineLost', retryable: true };

describe('an engine whose process is lost', () => {
  it('fails the running job and makes the next one', async () => {
    const engine = engineWith();
    const before = await run(engine, job);
    await expect(runUntilStep(engine, longJob, () => process.kill(engine.pid!, 'SIGKILL'))).rejects.toMatchObject(lost);
    expect((await run(engine, job)).data).toEqual(before.data);
  });

  it('has its models again by itself', async () => {
    const engine = engineWith();
    await engine.load('tiny-turbo');
    expect(engine.loaded()).toEqual(['tiny-turbo']);
    process.kill(engine.pid!, 'SIGKILL');
    await expect.poll(() => engine.loaded(), { timeout: 20_000 }).toEqual([]);
    await expect.poll(() => engine.loaded(), { timeout: 20_000 }).toEqual(['tiny-turbo']);
  });

  it('has them again however often it is killed: at rest, while it starts, while it loads, and at rest again', async () => {
    const told: string[] = [];
    const moments = { starts: () => {}, loads: () => {} };
    const engine = engineWith({
      log: {
        // The process has just answered for the first time, and is about to be given its models.
        info: () => moments.loads(),
        warn: (message) => {
          told.push(message);
          moments.starts();
        },
      },
    });
    await engine.load('tiny-turbo');
    const kill = () => process.kill(engine.pid!, 'SIGKILL');
    const backAgain = () => expect.poll(() => engine.loaded(), { timeout: 30_000 }).toEqual(['tiny-turbo']);
    for (let round = 1; round <= 2; round++) {
      moments.starts = () => {
        moments.starts = () => {};
        setImmediate(kill);
      };
      moments.loads = () => {
        moments.loads = () => {};
        setImmediate(kill);
      };
      kill();
      await expect.poll(() => told.length, { timeout: 30_000 }).toBe(4 * round - 1);
      await backAgain();
      kill();
      await expect.poll(() => told.length).toBe(4 * round);
      await backAgain();
    }
    expect(new Set(told)).toEqual(new Set(["The engine's process was ended by SIGKILL. It is started again."]));
    await run(engine, job);
  });

  it('gives a model up only when it is the model that cannot be loaded', async () => {
    const entry = changedTurbo('vae', () => {});
    const told: string[] = [];
    const engine = engineWith({ catalog: [entry], log: { info() {}, warn: (message) => told.push(message) } });
    await engine.load(entry.id);
    rmSync(entry.components.vae, { recursive: true });
    process.kill(engine.pid!, 'SIGKILL');
    await expect.poll(() => told.at(-1), { timeout: 20_000 }).toMatch(/^The model "changed" was not loaded again: /);
    expect(engine.loaded()).toEqual([]);
  });

  it('at rest is missed, and replaced', async () => {
    const told: string[] = [];
    const engine = engineWith({ pingMs: 200, log: { info() {}, warn: (message) => told.push(message) } });
    await engine.load('tiny-turbo');
    const stopped = engine.pid!;
    process.kill(stopped, 'SIGSTOP');
    await expect.poll(() => engine.pid, { timeout: 20_000 }).not.toBe(stopped);
    await expect.poll(() => engine.loaded(), { timeout: 20_000 }).toEqual(['tiny-turbo']);
    expect(alive(stopped)).toBe(false);
    expect(told).toEqual([
      "The engine's process was ended because it did not answer for 200 ms although it had nothing to do. It is started again.",
    ]);
  });

  it('at rest is missed by the job that comes first, long before the watchdog', async () => {
    const engine = engineWith({ pingMs: 400, watchdogMs: 600_000 });
    await engine.load('tiny-turbo');
    process.kill(engine.pid!, 'SIGSTOP');
    await expect(run(engine, job)).rejects.toMatchObject({
      ...lost,
      message: expect.stringContaining('nothing to do'),
    });
    await run(engine, job);
  });

  it('is not missed while it works', async () => {
    const told: string[] = [];
    const engine = engineWith({ pingMs: 100, log: { info() {}, warn: (message) => told.push(message) } });
    await engine.ready();
    const { pid } = engine;
    // A forward takes longer than a ping.
    await run(engine, sampled({ ...longJob, width: 1024, height: 1024 }, { steps: 1 }));
    expect([engine.pid, told]).toEqual([pid, []]);
  });

  it('that hangs is ended by the watchdog', async () => {
    const engine = engineWith({ watchdogMs: 5000 });
    await engine.load('tiny-turbo');
    await expect(runUntilStep(engine, longJob, () => process.kill(engine.pid!, 'SIGSTOP'))).rejects.toMatchObject(lost);
    await run(engine, job);
  });

  it('that hangs past a deadline answers at the deadline and works again', async () => {
    const engine = engineWith({ watchdogMs: 6000 });
    await engine.load('tiny-turbo');
    const late = runUntilStep(engine, longJob, () => process.kill(engine.pid!, 'SIGSTOP'), { deadlineMs: 1000 });
    await expect(late).rejects.toMatchObject({ code: 'DeadlineExceeded', retryable: true });
    await run(engine, job);
  });

  it('answers at the deadline however much is collected meanwhile', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const engine = engineWith({ watchdogMs: 600_000 });
    await engine.load('tiny-turbo');
    const collecting = setInterval(collect, 20);
    onTestFinished(() => clearInterval(collecting));
    const late = runUntilStep(engine, longJob, () => process.kill(engine.pid!, 'SIGSTOP'), { deadlineMs: 1500 });
    await expect(late).rejects.toMatchObject({ code: 'DeadlineExceeded' });
  });

  it('tells the operator what it said at last, and clients only how it ended', async () => {
    const folder = temporaryFolder();
    const dying = `process.on('SIGUSR2', () => { console.error('Error in /some/place'); process.exit(7); });`;
    writeFileSync(join(folder, 'dying.cjs'), dying);
    vi.stubEnv('NODE_OPTIONS', `--require ${join(folder, 'dying.cjs')}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    const warnings: string[] = [];
    const engine = engineWith({ log: { info() {}, warn: (message) => warnings.push(message) } });
    await engine.load('tiny-turbo');
    const failed = runUntilStep(engine, longJob, () => process.kill(engine.pid!, 'SIGUSR2'));
    await expect(failed).rejects.toMatchObject({ ...lost, message: "The engine's process ended with code 7." });
    expect(warnings.join('\n')).toContain('Error in /some/place');
  });

  it('says to clients no more than that it did not start', async () => {
    const engine = engineWith({ device: 'cuda' });
    const message = "The engine's process could not be started.";
    await expect(run(engine, job)).rejects.toMatchObject({ ...lost, message });
  });

  it('says what is wrong when it cannot start', async () => {
    const engine = engineWith({ device: 'cuda' });
    await expect(engine.ready()).rejects.toThrow(
      /^The engine cannot start on the cuda device that was asked for: [^\n]+$/,
    );
  });

  it('dies with the program that started it', async () => {
    const program = fork(join(import.meta.dirname, 'starts-an-engine.ts'));
    const pid = await new Promise<number>((resolve) =>
      program.once('message', (message) => resolve(message as number)),
    );
    program.kill('SIGKILL');
    await expect.poll(() => alive(pid), { timeout: 10_000 }).toBe(false);
  });

  it('is gone for good when it is closed', async () => {
    const engine = engineWith();
    await engine.ready();
    const { pid } = engine;
    await engine.close();
    await engine.close();
    expect(alive(pid!)).toBe(false);
    await expect(run(engine, job)).rejects.toMatchObject(lost);
  });
});

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
