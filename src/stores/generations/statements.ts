/**
 * All SQL there is, written so that SQLite and Postgres read it alike: bigint milliseconds, JSON as text, row-value keysets,
 * `on conflict`.
 */
/**
 * How a database came to be as it is: a new one takes every step, an older one those that it has not taken. What was released stays as
 * it is; changes come as further steps. Since the fourth they only add tables, indexes and columns that have a default or may be null, so
 * that during a rolling upgrade the program of before works on the database of after.
 */
export const migrations = [
  `create table if not exists generations (
  id text primary key,
  created_at bigint not null,
  finished_at bigint,
  last_sequence bigint,
  body text not null
);
create index if not exists generations_by_age on generations (created_at, id);
create index if not exists generations_unfinished on generations (created_at, id) where finished_at is null;
create table if not exists pictures (
  fingerprint text primary key,
  image_id text not null,
  width bigint not null,
  height bigint not null,
  thumbhash text not null,
  seed bigint not null,
  bytes bigint not null,
  last_used bigint not null,
  gone_at bigint
);
create unique index if not exists pictures_by_image on pictures (image_id);
create index if not exists pictures_gone on pictures (gone_at, image_id) where gone_at is not null;
`,
  `alter table pictures add column regions text not null default '[]';`,
  `alter table generations add column plan text;`,
  `alter table pictures rename to images;`,
  `create table if not exists models (
  id text not null,
  version text not null,
  published_at bigint not null,
  seen_at bigint not null,
  body text not null,
  primary key (id, version)
);`,
] as const;

/** Named one by one: Postgres refuses a prepared `select *` from the moment on when a newer program adds a column. */
const imageColumns = 'image_id, fingerprint, width, height, thumbhash, seed, bytes, regions';

export const statements = {
  saveGeneration: `
    insert into generations (id, created_at, finished_at, last_sequence, body, plan) values (?, ?, ?, ?, ?, ?)
    on conflict (id) do update
      set finished_at = excluded.finished_at, last_sequence = excluded.last_sequence, body = excluded.body, plan = excluded.plan`,
  generation: 'select body, last_sequence, plan from generations where id = ?',
  unfinished: 'select body, last_sequence, plan from generations where finished_at is null order by created_at, id',
  /** The parameter is how many rows stay. */
  pruneGenerations: `
    delete from generations where finished_at is not null and (created_at, id) <= (
      select created_at, id from generations order by created_at desc, id desc limit 1 offset ?)`,
  saveImage: `
    insert into images (fingerprint, image_id, width, height, thumbhash, seed, bytes, regions, last_used, gone_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, null)
    on conflict (fingerprint) do update
      set image_id = excluded.image_id, width = excluded.width, height = excluded.height, thumbhash = excluded.thumbhash,
          seed = excluded.seed, bytes = excluded.bytes, regions = excluded.regions, last_used = excluded.last_used, gone_at = null
      where images.gone_at is not null or images.image_id = excluded.image_id`,
  imageByFingerprint: `select ${imageColumns} from images where fingerprint = ? and gone_at is null`,
  image: `select ${imageColumns} from images where image_id = ?`,
  forgetImage: 'update images set gone_at = ? where image_id = ? and gone_at is null',
  /** The parameter is how many gone ones are remembered. */
  pruneImages: `
    delete from images where gone_at is not null and (gone_at, image_id) <= (
      select gone_at, image_id from images where gone_at is not null order by gone_at desc, image_id desc limit 1 offset ?)`,
  publishModel: `
    insert into models (id, version, published_at, seen_at, body) values (?, ?, ?, ?, ?)
    on conflict (id, version) do update
      set published_at = excluded.published_at, seen_at = excluded.seen_at, body = excluded.body`,
  seeModel: 'update models set seen_at = ? where id = ? and version = ?',
  models: 'select version, published_at, seen_at, body from models order by id, published_at desc, version',
  retireModel: 'delete from models where id = ?',
  /** Those that were not seen since, and that another publication has replaced. */
  forgetModels: `
    delete from models where seen_at < ? and exists (
      select 1 from models newer where newer.id = models.id and newer.published_at > models.published_at)`,
} as const;

export type StatementName = keyof typeof statements;
export type Parameter = string | number | null;

export interface Call {
  readonly name: StatementName;
  readonly parameters: readonly Parameter[];
}

export type Row = Readonly<Record<string, Parameter>>;
export type Reply = { readonly rows: readonly Row[] } | { readonly error: string; readonly code: string };

/** Those that only read need no transaction, and so no write to the disk. */
export const reads: ReadonlySet<StatementName> = new Set([
  'generation',
  'unfinished',
  'imageByFingerprint',
  'image',
  'models',
] as const);
