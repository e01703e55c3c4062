import { z } from 'zod';
import { sections } from '../../src/app/config.js';
import type { Printed } from '../../src/environment/values.js';

/** What the JSON schema of a setting tells of it. */
interface Described {
  readonly description?: string;
  readonly printed?: Printed;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly type?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Described[];
}

const intro = `# Configuration

<!-- Printed by \`npm run docs\` from the settings' own descriptions in src/**/config.ts. -->

Every setting is an environment variable. Unset and empty mean the same. A value that cannot be used is named, with what was
expected, before anything starts.
`;

const outro = `## Read by others

OpenTelemetry's SDK reads [its other variables](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables) itself. The engine's process gets
\`MALLOC_MMAP_THRESHOLD_=65536\` for glibc unless it is set, which keeps its memory small after models are loaded. Proxy variables
(\`HTTP_PROXY\`) are not followed when images are fetched. Amazon's client reads [its usual variables](https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html)
(\`AWS_ACCESS_KEY_ID\`, \`AWS_REGION\`, else \`AWS_DEFAULT_REGION\` …); its warning about Node 20 is off (\`AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED\`).
`;

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  const tables = Object.values(sections).map(({ title, schema }) =>
    [
      `## ${title}`,
      '',
      '| variable | default | takes | what |',
      '|---|---|---|---|',
      ...Object.entries(schema.shape).map(([name, setting]) => row(name, setting)),
      '',
    ].join('\n'),
  );
  return [intro, ...tables, outro].join('\n');
}

function row(name: string, setting: z.ZodType): string {
  const described = z.toJSONSchema(setting, { io: 'input', unrepresentable: 'any' }) as Described;
  const cells = [`\`${name}\``, byDefault(described), takes(described), described.description ?? ''];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function byDefault({ printed, default: value }: Described): string {
  if (printed?.default !== undefined) return printed.default;
  if (value === undefined || value === null || value === '') return 'none';
  const larger = typeof value === 'number' && printed?.unit !== undefined ? inLargerUnits(value, printed.unit) : null;
  return `\`${value}\`${larger === null ? '' : ` (${larger})`}`;
}

function takes(described: Described): string {
  const { anyOf = [described], printed } = described;
  const { type, format, minimum = 0, maximum = 0, enum: words } = anyOf[0]!;
  if (words !== undefined) return words.map((word) => `\`${word}\``).join(', ');
  if (type !== 'integer') return format === 'uri' ? 'address' : 'text';
  const range = maximum === Number.MAX_SAFE_INTEGER ? `from ${minimum}` : `${minimum} … ${maximum}`;
  return printed?.unit === undefined ? range : `${printed.unit}, ${range}`;
}

const units = {
  bytes: { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10 },
  milliseconds: { min: 60_000, s: 1000 },
} as const;

/** 120,000 milliseconds are `2 min`; null where no larger unit divides them. */
function inLargerUnits(value: number, unit: keyof typeof units): string | null {
  const found = Object.entries(units[unit]).find(([, size]) => value >= size && value % size === 0);
  return found === undefined ? null : `${value / found[1]} ${found[0]}`;
}
