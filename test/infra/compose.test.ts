import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { unknownSettings } from './settings.js';

const infra = join(import.meta.dirname, '../../infra');
const text = readFileSync(join(infra, 'compose.yaml'), 'utf8');

interface Service {
  readonly image?: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
  readonly healthcheck?: object;
  readonly environment?: Readonly<Record<string, unknown>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly networks?: readonly string[];
  readonly volumes?: readonly string[];
  readonly command?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: object;
  readonly volumes: object;
}
const compose = parse(text, { merge: true }) as Compose;
const services = Object.entries(compose.services);
/** What ends by itself once its work is done. */
const tasks = ['bucket', 'migrate'];

describe('infra/compose.yaml', () => {
  it('is valid by the Compose specification', () => {
    const schema = JSON.parse(readFileSync(join(import.meta.dirname, 'compose-spec.json'), 'utf8'));
    // Its durations are Go's.
    const formats = { duration: /^(\d+(\.\d+)?(us|ms|s|m|h))+$/ };
    const validate = new Ajv2020({ strict: false, allErrors: true, logger: false, formats }).compile(schema);
    expect(validate(compose) ? [] : validate.errors).toEqual([]);
    expect(validate({ ...compose, services: { api: { imagee: 'x' } } })).toBe(false);
  });

  it('has what the fleet consists of', () => {
    const parts = ['api', 'worker', 'valkey', 's3', 'postgres', 'nginx', 'collector'];
    expect(parts.filter((name) => !(name in compose.services))).toEqual([]);
  });

  it('runs every container confined: no root, no capabilities, a root that is only read', () => {
    for (const [name, service] of services) {
      expect(service, name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      // The image of nginx names its own account, number 101.
      if (name !== 'nginx' && name !== 'bucket') expect(service.user, name).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    }
  });

  it('asks every part that stays whether it is healthy, and gives it time to stop', () => {
    const staying = services.filter(([name]) => !tasks.includes(name) && name !== 'collector');
    // Processes of the program are asked as the Dockerfile tells.
    const unasked = staying.filter(([, { healthcheck, image }]) => healthcheck === undefined && !isProgram(image));
    expect(unasked).toEqual([]);
    expect(staying.filter(([, { stop_grace_period }]) => stop_grace_period === undefined)).toEqual([]);
  });

  it('names only settings of the program', () => {
    for (const [name, { image, environment = {} }] of services)
      if (isProgram(image)) expect(unknownSettings(Object.keys(environment)), name).toEqual([]);
  });

  it('names only services, networks, volumes and files that there are', () => {
    for (const [name, { depends_on = {}, networks = [], volumes = [] }] of services) {
      expect(Object.keys(depends_on).filter((other) => !(other in compose.services))).toEqual([]);
      expect(networks.filter((network) => !(network in compose.networks))).toEqual([]);
      const sources = volumes.map((volume) => volume.replace(/\$\{\w+:-([^}]*)\}/, '$1').split(':')[0]!);
      const missing = sources.filter((source) =>
        source.startsWith('.') ? !existsSync(join(infra, source)) : !(source in compose.volumes),
      );
      expect(missing, name).toEqual([]);
      for (const [other, { condition }] of Object.entries(depends_on))
        expect(condition, `${name} waits for ${other}`).toBe(
          tasks.includes(other) ? 'service_completed_successfully' : 'service_healthy',
        );
    }
  });

  it('reads its variables from env.example, whose secrets are empty and must be given', () => {
    const example = readFileSync(join(infra, 'compose/env.example'), 'utf8');
    const given = new Map([...example.matchAll(/^([A-Z_\d]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]));
    const used = [...text.matchAll(/(?<!\$)\$\{([A-Z_\d]+):([-?])([^}]*)\}/g)];
    expect([...new Set(used.map(([, name]) => name!))].sort()).toEqual([...given.keys()].sort());
    for (const [, name, kind, otherwise] of used)
      if (/_KEY|PASSWORD/.test(name!)) expect([name, kind, given.get(name!)]).toEqual([name, '?', '']);
      else expect([name, given.get(name!)]).toEqual([name, otherwise]);
  });
});

describe('infra/compose/collector.yaml', () => {
  it('declares each part that a pipeline uses', () => {
    const { service, ...declared } = parse(readFileSync(join(infra, 'compose/collector.yaml'), 'utf8'));
    for (const pipeline of Object.values(service.pipelines as Record<string, Record<string, string[]>>))
      for (const [kind, names] of Object.entries(pipeline))
        expect(names.filter((name) => !(name in declared[kind]))).toEqual([]);
  });
});

function isProgram(image?: string): boolean {
  return image?.startsWith('inkstone:') ?? false;
}
