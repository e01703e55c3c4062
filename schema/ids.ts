import { decodeGlobalID } from '@pothos/plugin-relay';
import { GraphQLError } from 'graphql';
import type { AppliedLora } from '../src/engine/engine.js';

export const nodeTypes = ['Generation', 'Image', 'Lora', 'Model'] as const;
export type NodeType = (typeof nodeTypes)[number];

export interface AnyId {
  readonly typename: string;
  readonly id: string;
}

/** What an id says of itself. One that the API never gave out is of no type. */
export function readId(id: string): { typename: string; id: string } {
  try {
    return decodeGlobalID(id);
  } catch {
    return { typename: '', id };
  }
}

/**
 * What an id stands for inside the program. Clients send the opaque ids they were given; what such an id is made of (an image's hash,
 * a model's catalog name) is taken as well.
 */
export function rawId(type: NodeType, id: string): string {
  const read = readId(id);
  return read.typename === type ? read.id : id;
}

/** A model that is asked for; null where the choice is left to the server. */
export function modelId(id: string | null | undefined): string | null {
  return id == null ? null : rawId('Model', id);
}

/** LoRAs that are asked for, each by its id or by its key. */
export function loraIds(
  asked: readonly { readonly id: string; readonly weight?: number | null | undefined }[] | null | undefined,
): AppliedLora[] | undefined {
  return asked?.map(({ id, weight }) => ({ id: rawId('Lora', id), weight: weight ?? 1 }));
}

/** In place of what a loader was asked for and does not have. Written for clients: it is no bug. */
export class Missing extends GraphQLError {
  constructor(type: NodeType, id: string) {
    super(`There is no ${type.toLowerCase()} ${JSON.stringify(id)}.`, { extensions: { code: 'NOT_FOUND' } });
  }
}
