import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder, freePort, required, type Service, startService } from './service.js';

/**
 * nginx in the foreground.
 *
 * @param http what its `http` block holds beside paths of its own, given the port to listen on
 */
export async function startNginx(http: (port: number) => string, wantedPort?: number): Promise<Service> {
  const command = required('nginx', 'Debian: apt-get install nginx', 'nginx', '/usr/sbin/nginx');
  const [folder, port] = [dataFolder('nginx'), wantedPort ?? (await freePort())];
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off;
pid ${folder}/nginx.pid;
error_log stderr warn;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 8192; }
http {
  access_log off;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
${http(port)}
}
`,
  );
  return startService({
    name: 'nginx',
    url: `http://127.0.0.1:${port}`,
    folder,
    command,
    args: ['-c', file, '-p', folder],
    stopSignal: 'SIGQUIT',
    ready: async () => void (await fetch(`http://127.0.0.1:${port}/`)),
  });
}
