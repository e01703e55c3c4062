import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { temporaryFolder } from './checkpoints.js';
import { engineWith, job, longJob, run, runUntilStep } from './engines.js';

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

  it('that hangs is ended by the watchdog', async () => {
    const engine = engineWith({ watchdogMs: 1500 });
    await engine.load('tiny-turbo');
    await expect(runUntilStep(engine, longJob, () => process.kill(engine.pid!, 'SIGSTOP'))).rejects.toMatchObject(lost);
    await run(engine, job);
  });

  it('that hangs past a deadline answers at the deadline and works again', async () => {
    const engine = engineWith({ watchdogMs: 3000 });
    await engine.load('tiny-turbo');
    const late = runUntilStep(engine, longJob, () => process.kill(engine.pid!, 'SIGSTOP'), { deadlineMs: 1000 });
    await expect(late).rejects.toMatchObject({ code: 'DeadlineExceeded', retryable: true });
    await run(engine, job);
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
    const program = fork(join(import.meta.dirname, 'starts-an-engine.ts'), { execArgv: ['--import', 'tsx'] });
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
