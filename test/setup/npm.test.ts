import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { hasInstallScript?: boolean; os?: readonly string[] }>;
};
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

describe('npm in this folder', () => {
  it('knows every key of .npmrc', () => {
    // A npm that runs this test tells its own options to those below it, `--silent` among them.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
    const { stdout, stderr } = spawnSync('npm', ['config', 'get', 'ignore-scripts'], {
      ...{ cwd: root, env, encoding: 'utf8', shell: process.platform === 'win32' },
    });
    expect(stdout.trim()).toBe('true');
    expect(stderr).not.toContain('project config');
  });

  it('installs no package whose install script is needed: each of these was looked at', () => {
    const scripted = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript);
    const here = scripted.filter(([, { os = [process.platform] }]) => os.includes('linux'));
    const names = here.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
    // msgpackr goes on without what its script compiles; workerd's binary is a package of its own.
    const known = ['esbuild', 'msgpackr-extract', 'onnxruntime-node', 'protobufjs', 'workerd'];
    expect([...new Set(names)].sort()).toEqual(known);
  });

  it('has no scripts that run before or after others, since they would not run', () => {
    const hooks = Object.keys(scripts).filter((name) => /^(pre|post)/.test(name));
    expect(hooks).toEqual([]);
  });
});
