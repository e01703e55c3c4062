import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const COOKIE = 'inkstone_session';
const SESSION_MS = 30 * 24 * 3600 * 1000;
/** Wrong keys that are heard out in a minute, from everybody together: guessing is hopeless, and so is keeping the server busy. */
const MAX_FAILURES_A_MINUTE = 30;

/** Who may come in. Without a key, everybody. */
export interface Access {
  readonly required: boolean;
  /** By a bearer token or a session cookie. */
  allows(headers: Pick<Headers, 'get'>): boolean;
  /** By the key itself, in constant time. */
  isKey(candidate: unknown): boolean;
  /** A form's key → the cookie that stands for it from then on. */
  signIn(candidate: unknown, secure: boolean): { readonly cookie: string } | 'wrong' | 'too many';
}

/** The cookie holds its end and a signature made with the key, never the key: a new key ends all sessions. */
export function createAccess(key: string | undefined, now: () => number = Date.now): Access {
  if (key === undefined) return { required: false, allows: () => true, isKey: () => true, signIn: () => 'wrong' };
  const signature = (end: number) => createHmac('sha256', key).update(`session until ${end}`).digest('hex');
  const isKey = (candidate: unknown) => typeof candidate === 'string' && equal(candidate, key);
  let failures: number[] = [];

  const isSession = (cookies: string) => {
    const value = cookies
      .split(';')
      .map((cookie) => cookie.trim())
      .find((cookie) => cookie.startsWith(`${COOKIE}=`));
    const [end, signed] = value?.slice(COOKIE.length + 1).split('.') ?? [];
    return end !== undefined && signed !== undefined && Number(end) > now() && equal(signed, signature(Number(end)));
  };

  return {
    required: true,
    isKey,
    allows(headers) {
      const bearer = /^Bearer (.+)$/i.exec(headers.get('authorization') ?? '')?.[1];
      return bearer !== undefined ? isKey(bearer) : isSession(headers.get('cookie') ?? '');
    },
    signIn(candidate, secure) {
      failures = failures.filter((at) => now() - at < 60_000);
      if (failures.length >= MAX_FAILURES_A_MINUTE) return 'too many';
      if (!isKey(candidate)) {
        failures.push(now());
        return 'wrong';
      }
      const end = now() + SESSION_MS;
      const attributes = `Path=/; Max-Age=${SESSION_MS / 1000}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
      return { cookie: `${COOKIE}=${end}.${signature(end)}; ${attributes}` };
    },
  };
}

/** A key that nobody guesses, for a server that others can reach and that was given none. */
export function drawAccessKey(): string {
  return randomBytes(24).toString('base64url');
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Compares hashes, so that neither length nor content shows in the time. */
function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHmac('sha256', 'compare').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
