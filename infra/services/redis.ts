import { connect } from 'node:net';
import { dataFolder, freePort, required, type Service, startService } from './service.js';

/** Redis or Valkey with an append-only file, as production should run it: nothing is evicted, a second of writes may be lost. */
export async function startRedis({ maxMemory = '0' }: { readonly maxMemory?: string } = {}): Promise<Service> {
  const command = required('Redis', 'Debian: apt-get install redis-server', 'valkey-server', 'redis-server');
  const [folder, port] = [dataFolder('redis'), await freePort()];
  const settings = {
    ...{ port: String(port), bind: '127.0.0.1', dir: folder, save: '', appendonly: 'yes', appendfsync: 'everysec' },
    ...{ 'maxmemory-policy': 'noeviction', maxmemory: maxMemory, loglevel: 'warning' },
  };
  return startService({
    name: 'redis',
    url: `redis://127.0.0.1:${port}`,
    folder,
    command,
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    ready: () => answers(port, 'PING\r\n', '+PONG'),
  });
}

/** While the file is read back, it answers -LOADING. */
function answers(port: number, question: string, expected: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(question));
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      if (data.toString().startsWith(expected)) resolve();
      else reject(new Error(data.toString()));
    });
  });
}
