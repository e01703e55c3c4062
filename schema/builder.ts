import SchemaBuilder from '@pothos/core';
import DataloaderPlugin from '@pothos/plugin-dataloader';
import ErrorsPlugin from '@pothos/plugin-errors';
import RelayPlugin from '@pothos/plugin-relay';
import type { RenderKey } from '../src/client/index.js';
import type { Caller } from '../src/domain/caller.js';
import type { ProgressEvent, UseCases } from '../src/generation/types.js';
import { type AnyId, Missing, nodeTypes, readId } from './ids.js';

/** What resolvers know of the request they answer. */
export interface Context {
  readonly service: UseCases;
  /** On whose behalf the request is answered. */
  readonly caller: Caller;
  /** Where clients reach this server, without a slash at the end. */
  readonly baseUrl: string;
  /** Aborted when the caller is gone. */
  readonly signal: AbortSignal;
  readonly cursor: Cursor;
  /** That sign render addresses. */
  readonly renderKeys: readonly RenderKey[];
}

/** Where a reader of a subscription is, for transports that number what they send. */
export interface Cursor {
  /** The last sequence that it has seen, as its transport says; null where it says nothing. */
  readonly after: number | null;
  /** Of the event that was sent last. */
  sequence: number | null;
  /** Whether what it reads has come to its end: a stream that stops before is no end, and its reader comes back. */
  over: boolean;
}

export function newCursor(after: number | null = null): Cursor {
  return { after, sequence: null, over: false };
}

export interface SchemaTypes {
  Context: Context;
  DefaultFieldNullability: false;
  Interfaces: { ProgressEvent: ProgressEvent };
  Scalars: {
    ID: { Input: string; Output: string };
    Seed: { Input: number; Output: number };
    DateTime: { Input: number; Output: number };
    Upload: { Input: Blob; Output: never };
  };
}

export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [ErrorsPlugin, RelayPlugin, DataloaderPlugin],
  defaultFieldNullability: false,
  errors: { directResult: true, defaultTypes: [] },
  relay: {
    nodesQueryOptions: false,
    nodeTypeOptions: {
      description: 'Anything that has an id which is unique over all types, and can be asked for by it.',
    },
    nodeQueryOptions: {
      description: 'The object with this id, of whatever type; null when there is none.',
      nullable: true,
      args: { id: { description: 'An `id` of any Node, as the API gave it out.' } },
      resolve: (_root, { id }, _context, _info, load) => nodeOrNull(id, load),
    },
    decodeGlobalID: readId,
    idFieldOptions: { description: 'Opaque, unique over all types, and the same for ever.' },
  },
});

builder.queryType({ description: 'Reads: no field here makes or changes anything.' });
builder.mutationType({ description: 'Makes images, and cancels their making.' });
builder.subscriptionType({
  description: 'Everything that can be watched while it happens, over WebSocket, server-sent events or multipart.',
});

/** What never was, and what never could be, is null; only a store that fails is an error. */
async function nodeOrNull(id: AnyId, load: (id: AnyId) => unknown): Promise<unknown> {
  if (!nodeTypes.some((type) => type === id.typename)) return null;
  const loaded = await load(id);
  return loaded instanceof Missing ? null : loaded;
}
