import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import type { ProgressEvent } from '../../src/domain/event.js';
import { changed, house, openServer, operation, type TestServer } from './server.js';

/** Of each event: more than a connection takes from a reader that does not read. */
const PREVIEW = 'x'.repeat(2 ** 20);
const EVENTS = 30;

/** Called when a subscription's reader is gone. */
let gone: () => void;

/** A server whose generations never end and say a lot. */
function talkative(env: Readonly<Record<string, string>>): Promise<TestServer> {
  return openServer({
    env,
    wrap: (service) =>
      changed(service, {
        async *progress(caller, id, _after, signal) {
          signal.addEventListener('abort', () => gone(), { once: true });
          const generation = (await service.generation(caller, id))!;
          for (let step = 1; step <= EVENTS; step++) {
            const event = { sequence: step, at: 0, image: 0, step, totalSteps: EVENTS, sigma: 0, preview: PREVIEW };
            yield { type: 'StepFinished', ...event, generation } satisfies ProgressEvent;
          }
          if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
        },
      }),
  });
}

/** Subscribes `times` on one socket. What comes is read by whoever the socket is given to. */
async function subscribed(server: TestServer, times: number): Promise<WebSocket> {
  const { url } = await server.listening();
  const { generate } = await server.ask<{ generate: { id: string } }>(operation('start'), { input: house });
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send('{"type":"connection_init"}');
  await new Promise((resolve) => socket.once('message', resolve));
  const payload = { query: operation('progress'), variables: { id: generate.id } };
  for (let id = 0; id < times; id++) socket.send(JSON.stringify({ type: 'subscribe', id: String(id), payload }));
  return socket;
}

describe('a WebSocket whose reader takes nothing', () => {
  const printed = vi.spyOn(console, 'error');
  let patient: TestServer;
  let brisk: TestServer;
  beforeAll(async () => {
    patient = await talkative({ DELIVERY_TIMEOUT_MS: '600000' });
    brisk = await talkative({ DELIVERY_TIMEOUT_MS: '300' });
  });
  afterAll(async () => {
    await patient.close();
    await brisk.close();
  });

  it('is let go after the time for it', async () => {
    const left = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const socket = await subscribed(brisk, 1);
    socket.pause();
    await left;
    socket.terminate();
    expect(printed).not.toHaveBeenCalled();
  });

  it('is let go when too much waits for it', async () => {
    const left = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const socket = await subscribed(patient, 12);
    socket.pause();
    await left;
    socket.terminate();
    expect(printed).not.toHaveBeenCalled();
  });

  it('is not let go while it reads, however slowly', async () => {
    gone = () => {};
    const socket = await subscribed(brisk, 1);
    let received = 0;
    const closed = new Promise<string>((resolve) => socket.once('close', () => resolve('closed')));
    const whole = new Promise<string>((resolve) => {
      socket.on('message', () => {
        received += 1;
        if (received === EVENTS) resolve('whole');
        socket.pause();
        setTimeout(() => socket.resume(), 20);
      });
    });
    expect(await Promise.race([whole, closed])).toBe('whole');
    socket.terminate();
  });
});
