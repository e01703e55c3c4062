import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { NOBODY } from './caller.js';
import { Guesses } from './guesses.js';

const COOKIE = 'inkstone_session';
const SESSION_MS = 30 * 24 * 3600 * 1000;

/** `too many`: the key was wrong, like many others of this caller before it. The right key is `in` whatever came before. */
export type Verdict = 'in' | 'out' | 'too many';

/** Who may come in. Without a key, everybody. */
export interface Access {
  readonly required: boolean;
  /** By a bearer token or a session cookie. */
  enter(headers: Pick<Headers, 'get'>, caller?: string): Verdict;
  allows(headers: Pick<Headers, 'get'>, caller?: string): boolean;
  /** By the key itself, compared in constant time. */
  enterByKey(candidate: unknown, caller?: string): Verdict;
  /**
   * A form's key → the cookie that stands for it from then on.
   *
   * @param path below which the cookie is sent
   */
  signIn(
    candidate: unknown,
    secure: boolean,
    path?: string,
    caller?: string,
  ): { readonly cookie: string } | 'wrong' | 'too many';
}

/** The cookie holds its end and a signature made with the key, never the key: a new key ends all sessions. */
export function createAccess(key: string | undefined, now: () => number = Date.now): Access {
  if (key === undefined)
    return { required: false, enter: () => 'in', allows: () => true, enterByKey: () => 'in', signIn: () => 'wrong' };
  const signature = (end: number) => createHmac('sha256', key).update(`session until ${end}`).digest('hex');
  const guesses = new Guesses(now);

  const isSession = (cookie: string) => {
    const [end, signed] = cookie.split('.');
    return end !== undefined && signed !== undefined && Number(end) > now() && equal(signed, signature(Number(end)));
  };
  const enterByKey: Access['enterByKey'] = (candidate, caller = NOBODY) => {
    if (typeof candidate === 'string' && equal(candidate, key)) return 'in';
    return guesses.wrong(caller) ? 'too many' : 'out';
  };
  const enter: Access['enter'] = (headers, caller) => {
    const bearer = /^Bearer (.+)$/i.exec(headers.get('authorization') ?? '')?.[1];
    if (bearer !== undefined) return enterByKey(bearer, caller);
    return sessionsOf(headers.get('cookie') ?? '').some(isSession) ? 'in' : 'out';
  };

  return {
    required: true,
    enter,
    allows: (headers, caller) => enter(headers, caller) === 'in',
    enterByKey,
    signIn(candidate, secure, path = '/', caller = NOBODY) {
      const verdict = enterByKey(candidate, caller);
      if (verdict !== 'in') return verdict === 'out' ? 'wrong' : verdict;
      const end = now() + SESSION_MS;
      const attributes = `Path=${path}; Max-Age=${SESSION_MS / 1000}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
      return { cookie: `${COOKIE}=${end}.${signature(end)}; ${attributes}` };
    },
  };
}

/** Several, where one host serves several of us below different paths. */
function sessionsOf(cookies: string): string[] {
  const named = cookies.split(';').map((cookie) => cookie.trim());
  return named.filter((cookie) => cookie.startsWith(`${COOKIE}=`)).map((cookie) => cookie.slice(COOKIE.length + 1));
}

/** A key that nobody guesses, for a server that others can reach and that was given none. */
export function generateAccessKey(): string {
  return randomBytes(24).toString('base64url');
}

/** @param host an address, with or without brackets, or a name */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1');
  if (name.toLowerCase() === 'localhost') return true;
  return ipaddr.isValid(name) && ipaddr.process(name).range() === 'loopback';
}

/** Compares hashes, so that neither length nor content shows in the time. */
function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHmac('sha256', 'compare').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
