import { installed } from '../../infra/services/index.js';

/** What a fleet is made of and is not installed here; null where all is. */
export const missing: string | null = (() => {
  const parts = {
    Redis: installed('valkey-server', 'redis-server'),
    Postgres: installed('postgres', '/usr/lib/postgresql/15/bin/postgres', '/usr/lib/postgresql/17/bin/postgres'),
    versitygw: installed('versitygw', `${process.env.HOME}/go/bin/versitygw`),
    nginx: installed('nginx', '/usr/sbin/nginx'),
  };
  const absent = Object.entries(parts).filter(([, found]) => found === null);
  return absent.length === 0 ? null : `${absent.map(([name]) => name).join(', ')} not installed`;
})();
