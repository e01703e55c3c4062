import { readdirSync, readFileSync } from 'node:fs';

/** Samples the proportional set size until `stop`, which answers the largest seen (null where the system does not tell). */
export function watchMemory(pid: number, everyMs = 100): { stop(): number | null } {
  let peak: number | null = null;
  const timer = setInterval(() => {
    const now = proportionalSetSize(pid);
    if (now !== null) peak = Math.max(peak ?? 0, now);
  }, everyMs);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}

/**
 * Proportional set size in bytes of a process and all that descend from it: shared pages are counted once, by share.
 * Linux only (`/proc/…/smaps_rollup`); null elsewhere.
 */
export function proportionalSetSize(pid: number): number | null {
  let total = 0;
  for (const member of [pid, ...descendants(pid)]) {
    try {
      const kib = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${member}/smaps_rollup`, 'utf8'))?.[1];
      total += Number(kib ?? 0) * 1024;
    } catch {
      if (member === pid) return null; // no such file on this system, or the process is gone
    }
  }
  return total;
}

/** User and system CPU time of a process and all that descend from it, in milliseconds. */
export function cpuTime(pid: number): number {
  const ticksPerSecond = 100; // USER_HZ, fixed in the kernel's interface
  return [pid, ...descendants(pid)].reduce((total, member) => {
    const fields = stat(member);
    return fields === null ? total : total + ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
  }, 0);
}

function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const fields = /^\d+$/.test(name) ? stat(Number(name)) : null;
    if (fields === null) continue;
    const parent = Number(fields[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found: number[] = [];
  for (const queue = [pid]; queue.length > 0; ) {
    const next = children.get(queue.shift() ?? 0) ?? [];
    found.push(...next);
    queue.push(...next);
  }
  return found;
}

/** The fields of `/proc/PID/stat` after the name, which may hold spaces: state, parent, … */
function stat(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
