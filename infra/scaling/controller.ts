import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';

/** How fast the number of workers may change in one direction, and how long it must have been wanted. */
export interface Pace {
  readonly windowMs: number;
  readonly workers: number;
  readonly periodMs: number;
}

/** What the ScaledObject of infra/kubernetes says. */
export interface Scaling {
  /** Where the API tells the jobs that wait and run. */
  readonly path: string;
  readonly valueLocation: string;
  /** Jobs of one worker. */
  readonly target: number;
  /** Jobs above which the first worker starts. */
  readonly activation: number;
  readonly min: number;
  readonly max: number;
  readonly pollingMs: number;
  readonly cooldownMs: number;
  readonly up: Pace;
  readonly down: Pace;
  /** Workers that there are at least, once so many looks in a row have failed. */
  readonly fallback: { readonly failures: number; readonly workers: number };
}

/** @param speed so many times faster than the file says @throws Error where it holds no ScaledObject */
export function readScaling(yaml: string, speed = 1): Scaling {
  const documents = parseAllDocuments(yaml).map((document) => document.toJS());
  const spec = documents.find(({ kind }) => kind === 'ScaledObject')?.spec;
  if (spec === undefined) throw new Error('Expected a ScaledObject but received a file without one.');
  const { url, valueLocation, targetValue, activationTargetValue } = spec.triggers[0].metadata;
  const { scaleUp, scaleDown } = spec.advanced.horizontalPodAutoscalerConfig.behavior;
  const ms = (seconds: number) => (seconds * 1000) / speed;
  const pace = ({ stabilizationWindowSeconds, policies: [{ value, periodSeconds }] }: typeof scaleUp): Pace => ({
    windowMs: ms(stabilizationWindowSeconds),
    workers: value,
    periodMs: ms(periodSeconds),
  });
  return {
    ...{ path: new URL(url).pathname, valueLocation, target: Number(targetValue) },
    ...{ activation: Number(activationTargetValue), min: spec.minReplicaCount, max: spec.maxReplicaCount },
    ...{ pollingMs: ms(spec.pollingInterval), cooldownMs: ms(spec.cooldownPeriod) },
    ...{ up: pace(scaleUp), down: pace(scaleDown) },
    fallback: { failures: spec.fallback.failureThreshold, workers: spec.fallback.replicas },
  };
}

/** A ratio of wanted and present workers that is closer to 1 changes nothing. */
const TOLERANCE = 0.1;

/**
 * Decides how many workers there shall be: KEDA between none and one, the HorizontalPodAutoscaler above.
 *
 * @see https://keda.sh/docs/latest/reference/scaledobject-spec/
 * @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
 */
export class Scaler {
  readonly #scaling: Scaling;
  #activeAt = Number.NEGATIVE_INFINITY;
  #wanted: { readonly at: number; readonly workers: number }[] = [];
  #changes: { readonly at: number; readonly by: number }[] = [];

  constructor(scaling: Scaling) {
    this.#scaling = scaling;
  }

  /** @param now in milliseconds @param jobs that wait and run @param workers that there are or that start */
  decide(now: number, jobs: number, workers: number): number {
    const { activation, min, cooldownMs } = this.#scaling;
    const active = jobs > activation;
    if (active) this.#activeAt = now;
    const least = Math.max(1, min);
    if (workers < least) return this.#change(now, workers, active ? least : min);
    if (!active && min === 0 && now - this.#activeAt >= cooldownMs) return this.#change(now, workers, 0);
    return this.#change(now, workers, this.#between(now, jobs, workers));
  }

  #between(now: number, jobs: number, workers: number): number {
    const { target, min, max, up, down } = this.#scaling;
    const near = Math.abs(jobs / (target * workers) - 1) <= TOLERANCE;
    const wanted = near ? workers : Math.min(max, Math.max(1, min, Math.ceil(jobs / target)));
    this.#wanted.push({ at: now, workers: wanted });
    const within = (ms: number) => this.#wanted.filter(({ at }) => now - at <= ms).map((one) => one.workers);
    this.#wanted = this.#wanted.filter(({ at }) => now - at <= Math.max(up.windowMs, down.windowMs));
    const [low, high] = [Math.min(...within(up.windowMs)), Math.max(...within(down.windowMs))];
    if (low > workers) return Math.min(low, workers + this.#left(now, up, 1));
    if (high < workers) return Math.max(high, workers - this.#left(now, down, -1));
    return workers;
  }

  /** Workers by which the number may still change in a direction. */
  #left(now: number, { workers, periodMs }: Pace, direction: 1 | -1): number {
    const recent = this.#changes.filter(({ at, by }) => now - at < periodMs && Math.sign(by) === direction);
    return Math.max(0, workers - recent.reduce((sum, { by }) => sum + Math.abs(by), 0));
  }

  #change(now: number, from: number, to: number): number {
    const { up, down } = this.#scaling;
    this.#changes = this.#changes.filter(({ at }) => now - at < Math.max(up.periodMs, down.periodMs));
    if (to !== from) this.#changes.push({ at: now, by: to - from });
    if (to === 0) this.#wanted = [];
    return to;
  }
}

export interface Scalable {
  /** What `/metrics/queue` of an API process says. */
  queue(path: string): Promise<unknown>;
  workers(): number;
  scale(workers: number): void;
}

/** Looks at the queue and scales until it is aborted. Looks that fail stop no worker. */
export async function control(scaling: Scaling, fleet: Scalable, signal: AbortSignal): Promise<void> {
  const { path, valueLocation, fallback, pollingMs } = scaling;
  const scaler = new Scaler(scaling);
  let failures = 0;
  while (!signal.aborted) {
    const told = await fleet.queue(path).catch(() => null);
    if (signal.aborted) return;
    failures = told === null ? failures + 1 : 0;
    if (told !== null) fleet.scale(scaler.decide(Date.now(), jobsIn(told, valueLocation), fleet.workers()));
    else if (failures >= fallback.failures) fleet.scale(Math.max(fleet.workers(), fallback.workers));
    await sleep(pollingMs, undefined, { signal }).catch(() => {});
  }
}

/** @param location names separated by dots @throws Error where there is no number */
export function jobsIn(told: unknown, location: string): number {
  const found = location.split('.').reduce<unknown>((part, name) => (part as Record<string, unknown>)?.[name], told);
  if (typeof found !== 'number')
    throw new Error(
      `Expected a number at "${location}" of the queue's measures but received ${JSON.stringify(found)}.`,
    );
  return found;
}
