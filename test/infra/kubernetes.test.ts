import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { goPrograms, installed } from '../../infra/services/service.js';
import { type Manifest, manifestsOf, refusals } from './manifests.js';
import { unknownSettings } from './settings.js';

const folder = join(import.meta.dirname, '../../infra/kubernetes');
const filesOf = (part: string) =>
  readdirSync(join(folder, part))
    .filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml')
    .flatMap((name) => manifestsOf(readFileSync(join(folder, part, name), 'utf8')));

const kustomize = installed('kustomize', ...goPrograms('kustomize'));
const kubectl = installed('kubectl');
const tool = kustomize === null ? kubectl && [kubectl, 'kustomize'] : [kustomize, 'build'];
if (tool === null) console.warn('Neither kustomize nor kubectl is installed here: the overlay is not built.');

/** What an operator would apply. */
function built(name: string): Manifest[] {
  const copy = mkdtempSync(join(tmpdir(), 'inkstone-kubernetes-'));
  cpSync(folder, copy, { recursive: true });
  const overlay = join(copy, 'overlays', name);
  const secrets = join(copy, 'overlays/example/secrets.env');
  copyFileSync(`${secrets}.example`, secrets);
  const [command, ...args] = tool!;
  try {
    const text = execFileSync(command!, [...args, overlay], { encoding: 'utf8', maxBuffer: 2 ** 24 });
    // Long secrets are folded, which a cluster takes and the validators do not.
    const unfolded = (_: string, value: unknown) => (typeof value === 'string' ? value.replace(/\n/g, '') : value);
    return manifestsOf(text).map((made) =>
      made.kind === 'Secret' ? JSON.parse(JSON.stringify(made), unfolded) : made,
    );
  } finally {
    rmSync(copy, { recursive: true });
  }
}

const named = (manifests: readonly Manifest[], kind: string) => manifests.filter((manifest) => manifest.kind === kind);
const podsOf = (manifests: readonly Manifest[]) =>
  named(manifests, 'Deployment').map(({ metadata, spec }) => ({ name: metadata.name, ...spec.template }));
const containersOf = (pod: Manifest['spec']) => [...(pod.spec.initContainers ?? []), ...pod.spec.containers];

const [api, cpu, gpu] = ['inkstone-api', 'inkstone-worker-cpu', 'inkstone-worker-gpu'];
const parts = ['base', 'components/worker-cpu', 'components/worker-gpu', 'overlays/example'];

describe('what a cluster would refuse', () => {
  it('is a wrong value, a missing field and an unknown one', async () => {
    const [deployment] = filesOf('base').filter(({ kind }) => kind === 'Deployment');
    expect(await refusals([{ ...deployment!, spec: { ...deployment!.spec, replicas: 'two' } }])).not.toEqual([]);
    expect(await refusals([{ ...deployment!, spec: { template: deployment!.spec.template } }])).not.toEqual([]);
    expect(await refusals([{ ...deployment!, spec: { ...deployment!.spec, replicaz: 2 } }])).not.toEqual([]);
  });
});

describe.each([
  ['the files of infra/kubernetes', true, [api, cpu, gpu], () => parts.flatMap(filesOf)],
  ['the overlay with GPU workers as it is applied', tool !== null, [api, gpu], () => built('example')],
  ['the overlay with CPU workers as it is applied', tool !== null, [api, cpu], () => built('example-cpu')],
])('%s', (_, there, deployments, read) => {
  const manifests = there ? read() : [];
  const pods = podsOf(manifests);

  it.runIf(there)('are what a cluster takes', async () => {
    expect(await refusals(manifests)).toEqual([]);
    expect(pods.map(({ name }) => name).sort()).toEqual(deployments);
  });

  it.runIf(there)('confine every process as the restricted standard asks', () => {
    for (const pod of pods) {
      expect(pod.spec).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      for (const { name, securityContext, resources } of containersOf(pod)) {
        expect(securityContext, `${pod.name}/${name}`).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect([resources.requests.cpu, resources.requests.memory, resources.limits.memory]).not.toContain(undefined);
      }
    }
  });

  it.runIf(there)('probe every process, and give it longer to stop than it takes', () => {
    for (const { name, spec } of pods)
      for (const { livenessProbe, readinessProbe, startupProbe, ports, env } of spec.containers) {
        const probed = [startupProbe, livenessProbe, readinessProbe].map((probe) => probe.httpGet);
        expect(
          probed.map(({ path }) => path),
          name,
        ).toEqual(['/healthz', '/healthz', '/readyz']);
        const names = ports.map((port: { name: string }) => port.name);
        expect(probed.filter(({ port }) => !names.includes(port))).toEqual([]);
        const grace = Number(env.find((variable: { name: string }) => variable.name === 'STOP_GRACE_MS').value);
        expect(spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(grace + 3000);
      }
  });

  it.runIf(there)('name only what there is', () => {
    const names = (kind: string) => named(manifests, kind).map(({ metadata }) => metadata.name);
    for (const { spec } of pods) {
      expect(names('ServiceAccount')).toContain(spec.serviceAccountName);
      const claims = spec.volumes.flatMap((volume: Manifest) => volume.persistentVolumeClaim?.claimName ?? []);
      for (const claim of claims) expect(names('PersistentVolumeClaim')).toContain(claim);
      const volumes = spec.volumes.map((volume: { name: string }) => volume.name);
      for (const { volumeMounts } of containersOf({ spec }))
        expect(volumeMounts.filter((mount: { name: string }) => !volumes.includes(mount.name))).toEqual([]);
    }
    const scaled = [...named(manifests, 'HorizontalPodAutoscaler'), ...named(manifests, 'ScaledObject')];
    for (const { spec } of scaled) expect(names('Deployment')).toContain(spec.scaleTargetRef.name);
    const referred = named(manifests, 'ScaledObject').flatMap(({ spec }) => spec.triggers);
    for (const { authenticationRef } of referred)
      expect(names('TriggerAuthentication')).toContain(authenticationRef.name);
  });

  it.runIf(there)('select pods that there are', () => {
    const labels = pods.map((pod) => pod.metadata.labels as Record<string, string>);
    const selected = (wanted: Record<string, string>) =>
      labels.filter((has) => Object.entries(wanted).every(([key, value]) => has[key] === value)).length;
    for (const { spec } of [...named(manifests, 'Deployment'), ...named(manifests, 'PodDisruptionBudget')])
      expect(selected(spec.selector.matchLabels)).toBe(1);
    for (const { spec } of named(manifests, 'Service')) expect(selected(spec.selector)).toBe(1);
    for (const { spec } of named(manifests, 'NetworkPolicy'))
      expect(selected(spec.podSelector.matchLabels)).toBeGreaterThan(0);
    const budgets = named(manifests, 'PodDisruptionBudget');
    expect(budgets).toHaveLength(pods.length);
  });

  it.runIf(there)('have the queue asked where the API answers', () => {
    const [service] = named(manifests, 'Service');
    for (const { spec } of named(manifests, 'ScaledObject')) {
      const { hostname, port, pathname } = new URL(spec.triggers[0].metadata.url);
      const [name, namespace] = hostname.split('.');
      expect([name, Number(port)]).toEqual([service!.metadata.name, service!.spec.ports[0].port]);
      expect(namespace).toBe(service!.metadata.namespace ?? 'inkstone');
      expect(pathname).toBe('/metrics/queue');
    }
  });

  it.runIf(there)('name only settings of the program', () => {
    const env = pods.flatMap((pod) => containersOf(pod).flatMap((container) => container.env ?? []));
    expect(unknownSettings(env.map(({ name }) => name))).toEqual([]);
    const kept = [...named(manifests, 'ConfigMap'), ...named(manifests, 'Secret')];
    expect(unknownSettings(kept.flatMap(({ data }) => Object.keys(data)))).toEqual([]);
  });

  it.runIf(there)('read settings and secrets from what there is', () => {
    const sources = pods.flatMap((pod) => containersOf(pod).flatMap(({ envFrom }) => envFrom as Manifest[]));
    const maps = new Set(sources.flatMap(({ configMapRef }) => configMapRef?.name ?? []));
    const secrets = new Set(sources.flatMap(({ secretRef }) => secretRef?.name ?? []));
    for (const { spec } of named(manifests, 'TriggerAuthentication'))
      for (const { name } of spec.secretTargetRef) secrets.add(name);
    // The files name what kustomize makes; the overlay holds it.
    const there = (kind: string) => named(manifests, kind).map(({ metadata }) => metadata.name);
    expect([...maps]).toEqual(there('ConfigMap').length > 0 ? there('ConfigMap') : ['inkstone-settings']);
    expect([...secrets]).toEqual(there('Secret').length > 0 ? there('Secret') : ['inkstone-secrets']);
  });
});

describe('the settings of the base', () => {
  it('are settings of the program', () => {
    for (const file of ['base/settings.env', 'overlays/example/secrets.env.example']) {
      const lines = readFileSync(join(folder, file), 'utf8').trim().split('\n');
      expect(unknownSettings(lines.map((line) => line.split('=')[0]!))).toEqual([]);
    }
  });
});
