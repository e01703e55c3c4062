import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real disk of its own that is soon full: a tmpfs, which only root may mount. */
export interface SmallDisk {
  readonly folder: string;
  /** Takes all the room that is left, but for so many bytes. */
  fill(butBytes?: number): void;
  /** Gives it back. */
  empty(): void;
  unmount(): void;
}

export function mountSmallDisk(megabytes: number): SmallDisk {
  const mount = mkdtempSync(join(tmpdir(), 'inkstone-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', mount]);
  const folder = join(mount, 'data');
  const ballast = join(mount, 'ballast');
  mkdirSync(folder);
  return {
    folder,
    fill(butBytes = 0) {
      rmSync(ballast, { force: true });
      const { bavail, bsize } = statfsSync(mount);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - butBytes), 1));
    },
    empty: () => rmSync(ballast, { force: true }),
    unmount() {
      execFileSync('umount', ['-l', mount]);
      rmSync(mount, { recursive: true, force: true });
    },
  };
}

/** Lets a folder be only read, for everybody who opens something in it from now on. Returns what ends that. */
export function mountReadOnly(folder: string): () => void {
  execFileSync('mount', ['--bind', folder, folder]);
  execFileSync('mount', ['-o', 'remount,ro,bind', folder]);
  return () => void execFileSync('umount', ['-l', folder]);
}

/** Why such tests are skipped here; null where they are not. */
export const cannotMount: string | null = (() => {
  if (process.platform !== 'linux') return 'only Linux mounts a tmpfs';
  try {
    mountSmallDisk(1).unmount();
    return null;
  } catch {
    return 'only root may mount a file system';
  }
})();
