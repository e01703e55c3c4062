import { decodeGlobalID } from '@pothos/plugin-relay';

export type NodeType = 'Generation' | 'Image' | 'Model';

/**
 * What an id stands for inside the program. Clients send the opaque ids they were given; what such an id is made of (a picture's hash,
 * a model's catalog name) is taken as well.
 */
export function rawId(type: NodeType, id: string): string {
  try {
    const { typename, id: raw } = decodeGlobalID(id);
    return typename === type ? raw : id;
  } catch {
    return id;
  }
}
