import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { accountOf, dataFolder, freePort, required, type Service, startService } from './service.js';

const run = promisify(execFile);
/** Where Debian lays the versions of Postgres. */
const DEBIAN = '/usr/lib/postgresql';

/** Postgres with an empty database `inkstone`. It refuses to run as root, so that there it runs as Debian's account for it. */
export async function startPostgres(): Promise<Service> {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const places = versions.map((version) => join(DEBIAN, version, 'bin/postgres'));
  const command = required('Postgres', 'Debian: apt-get install postgresql', ...places, 'postgres');
  const bin = dirname(command);
  const [folder, port] = [dataFolder('postgres'), await freePort()];
  const account = accountOf('postgres');
  if (account !== null) chownSync(folder, account.uid, account.gid);
  const data = join(folder, 'data');
  const as = { ...account, cwd: folder };
  mkdirSync(data, { mode: 0o700 });
  if (account !== null) chownSync(data, account.uid, account.gid);
  const options = ['--username=inkstone', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync'];
  await run(join(bin, 'initdb'), [...options, `--pgdata=${data}`], as);
  const server = [`--port=${port}`, '--listen_addresses=127.0.0.1', `--unix_socket_directories=${folder}`];
  const login = ['--host=127.0.0.1', `--port=${port}`, '--username=inkstone'];
  const service = await startService({
    name: 'postgres',
    url: `postgres://inkstone@127.0.0.1:${port}/inkstone`,
    folder,
    command,
    args: ['-D', data, ...server, '--max_connections=200'],
    account,
    // A fast shutdown: it waits for no client.
    stopSignal: 'SIGINT',
    ready: async () => void (await run(join(bin, 'pg_isready'), [...login, '--dbname=postgres'], as)),
  });
  await run(join(bin, 'createdb'), [...login, 'inkstone'], as);
  return service;
}
