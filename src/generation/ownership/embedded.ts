import type { Ownership } from './ownership.js';

/** Everything in the data folder belongs to the one process that has it open. */
export const ownsEverything: Ownership = {
  leaseMs: null,
  listen() {},
  claim: async () => ({ cancelled: false, handedOver: false }),
  holds: async () => true,
  async release() {},
  ownerless: async (ids) => ids,
  async requestCancel() {},
  async close() {},
};
