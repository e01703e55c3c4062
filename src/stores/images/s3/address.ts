/** Where images are in S3: `s3://bucket[/prefix][?region=…&style=path|host&tags=on|off]`. */
export interface S3Address {
  readonly bucket: string;
  /** With a slash at its end, or empty. */
  readonly prefix: string;
  readonly region: string | null;
  /** Null: path style where an endpoint is given, as most that are not Amazon's want it. */
  readonly pathStyle: boolean | null;
  /** Whether objects are tagged for lifecycle rules: some services know no tags. */
  readonly tags: boolean;
}

/** A sentence about an address that cannot be used begins so. */
export const EXPECTED = 'expected an address such as s3://bucket/prefix?region=eu-central-1';

const choices = { region: /^[a-z0-9-]+$/, style: /^(path|host)$/, tags: /^(on|off)$/ } as const;

/** Null where it is none. */
export function readS3Address(text: string): S3Address | null {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9!_.*'()/-]*))?(?:\?(.*))?$/.exec(text);
  if (match === null) return null;
  const query = new URLSearchParams(match[3]);
  for (const [name, value] of query) if (!choices[name as keyof typeof choices]?.test(value)) return null;
  const path = (match[2] ?? '').replace(/^\/+|\/+$/g, '');
  const style = query.get('style');
  return {
    bucket: match[1]!,
    prefix: path === '' ? '' : `${path}/`,
    region: query.get('region'),
    pathStyle: style === null ? null : style === 'path',
    tags: query.get('tags') !== 'off',
  };
}

/** The address of another prefix below that of `text`. */
export function below(text: string, name: string): string {
  const [path, query] = text.split('?');
  return `${path!.replace(/\/+$/, '')}/${name}${query === undefined ? '' : `?${query}`}`;
}
