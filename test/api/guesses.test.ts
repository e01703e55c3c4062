import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createAccess } from '../../src/http/access.js';
import { callerOf } from '../../src/http/caller.js';
import { openServer, type TestServer } from './server.js';

const key = 'a key that nobody guesses';
let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await openServer({ env: { ACCESS_KEY: key, TRUST_PROXY: 'true' } });
  ({ url } = await server.listening());
});
afterAll(() => server.close());

const many = 35;
let callers = 0;
/** As a proxy names a client that did not call before. */
const newCaller = () => `203.0.113.${++callers}`;

const bearer = async (candidate: string, caller: string) => {
  const headers = {
    authorization: `Bearer ${candidate}`,
    'x-forwarded-for': caller,
    'content-type': 'application/json',
  };
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: '{"query":"{ models { name } }"}' });
  return response.status;
};
const form = async (candidate: string, caller: string) => {
  const body = new URLSearchParams({ key: candidate });
  const response = await fetch(`${url}/login`, {
    method: 'POST',
    headers: { 'x-forwarded-for': caller },
    body,
    redirect: 'manual',
  });
  return response.status === 303 ? (response.headers.has('set-cookie') ? 200 : 401) : response.status;
};
const socket = (candidate: string, caller: string) =>
  new Promise<number>((resolve) => {
    const opened = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers: { 'x-forwarded-for': caller },
    });
    opened.on('open', () =>
      opened.send(JSON.stringify({ type: 'connection_init', payload: { accessKey: candidate } })),
    );
    opened.on('message', () => {
      resolve(200);
      opened.terminate();
    });
    opened.on('close', (code) => resolve({ 4403: 401, 4429: 429 }[code] ?? code));
  });

describe.each<[string, (candidate: string, caller: string) => Promise<number>]>([
  ['bearer tokens', bearer],
  ['the form', form],
  ['WebSockets', socket],
])('keys that are guessed by %s', (_name, attempt) => {
  it('are refused as too many for that caller, and the right key passes still', async () => {
    const [guesser, other] = [newCaller(), newCaller()];
    const answers = [];
    for (let i = 0; i < many; i++) answers.push(await attempt(`guess ${i}`, guesser));
    expect([answers[0], answers.at(-1)]).toEqual([401, 429]);
    expect(await attempt(key, guesser)).toBe(200);
    expect(await attempt(key, other)).toBe(200);
    expect(await attempt('a typing error', other)).toBe(401);
  });
});

it('guesses of one caller count together, whichever way they come', async () => {
  const caller = newCaller();
  for (let i = 0; i < 11; i++) for (const attempt of [bearer, form, socket]) await attempt(`guess ${i}`, caller);
  for (const attempt of [bearer, form, socket]) expect(await attempt('another', caller)).toBe(429);
});

it('a minute later they are heard out again', () => {
  let now = 0;
  const access = createAccess(key, () => now);
  const guess = () => access.enterByKey('guess', 'somebody');
  for (let i = 0; i < many; i++) guess();
  expect(guess()).toBe('too many');
  now = 60_000;
  expect(guess()).toBe('out');
});

describe('a caller', () => {
  const from = (remoteAddress: string, forwarded?: string) =>
    ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;
  it.each([
    [from('192.0.2.1'), false, '192.0.2.1'],
    [from('::ffff:192.0.2.1'), false, '192.0.2.1'],
    [from('2001:db8:1:2:3:4:5:6'), false, '2001:db8:1:2'],
    [from('127.0.0.1', '192.0.2.9'), false, '127.0.0.1'],
    [from('127.0.0.1', 'forged, 192.0.2.9'), true, '192.0.2.9'],
    [from('127.0.0.1', 'nonsense'), true, '127.0.0.1'],
    [from('127.0.0.1'), true, '127.0.0.1'],
  ])('%#', (request, TRUST_PROXY, caller) => {
    expect(callerOf(request, { TRUST_PROXY })).toBe(caller);
  });
});

it.each([
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh', '错误的密钥太多，请等一分钟再试。\n'],
  ['de, en;q=0.5, zh;q=0.1', 'en', 'Too many wrong keys. Wait a minute.\n'],
  [null, 'en', 'Too many wrong keys. Wait a minute.\n'],
])('the form says so in the language of its page: %s', async (accepted, language, sentence) => {
  const caller = newCaller();
  await Promise.all(Array.from({ length: many }, () => form('wrong', caller)));
  const headers = { 'x-forwarded-for': caller, ...(accepted === null ? {} : { 'accept-language': accepted }) };
  const body = new URLSearchParams({ key: 'wrong' });
  const answer = await fetch(`${url}/login`, { method: 'POST', headers, body, redirect: 'manual' });
  expect([answer.status, answer.headers.get('content-language'), await answer.text()]).toEqual([
    429,
    language,
    sentence,
  ]);
});
