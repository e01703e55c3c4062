import { describe, expect, it } from 'vitest';
import type { PublishedModel } from '../../src/domain/published-model.js';
import type { ModelStore } from '../../src/stores/models/model-store.js';
import { tiny } from '../generation/open-studio.js';

const { components: _, ...description } = tiny;

/** As a worker publishes it. */
export const publishedModel = (id: string, content: string, position = 0): PublishedModel => ({
  ...{ description: { ...description, id }, position, content, loras: { ink: 'i' }, regionDetector: 'texture' },
  tokenizer: { 'tokenizer.json': 't', 'tokenizer_config.json': 'c' },
  computedBy: { device: 'cpu', runtime: 'r' },
});

/** What every store of published models does. `open` gives an empty one. */
export function modelStoreConformance(
  name: string,
  open: () => Promise<{ readonly models: ModelStore; close(): Promise<void> }>,
): void {
  describe(`${name} is a store of models that`, () => {
    it('tells the newest publication of each first, whoever published it', async () => {
      const { models, close } = await open();
      await models.publish(publishedModel('a', 'old'), 1);
      await models.publish(publishedModel('b', 'only'), 2);
      await models.publish(publishedModel('a', 'new'), 3);
      const told = async () =>
        (await models.publications()).map(
          ({
            model: {
              description: { id },
              content,
            },
          }) => [id, content],
        );
      expect(await told()).toEqual([
        ['a', 'new'],
        ['a', 'old'],
        ['b', 'only'],
      ]);
      await models.publish(publishedModel('a', 'old', 5), 4);
      expect(await told()).toEqual([
        ['a', 'old'],
        ['a', 'new'],
        ['b', 'only'],
      ]);
      expect((await models.publications())[0]).toMatchObject({ publishedAt: 4, seenAt: 4, model: { position: 5 } });
      await close();
    });

    it('knows when a publisher was there last, which makes no publication newer', async () => {
      const { models, close } = await open();
      await models.publish(publishedModel('a', 'old'), 1);
      await models.publish(publishedModel('a', 'new'), 2);
      await models.see(publishedModel('a', 'old'), 9);
      const seen = (await models.publications()).map(({ publishedAt, seenAt }) => [publishedAt, seenAt]);
      expect(seen).toEqual([
        [2, 2],
        [1, 9],
      ]);
      await close();
    });

    it('forgets what was replaced and not seen for a day, and what is retired', async () => {
      const { models, close } = await open();
      const day = 86_400_000;
      await models.publish(publishedModel('a', 'old'), 1);
      await models.publish(publishedModel('b', 'kept'), 1);
      await models.publish(publishedModel('a', 'new'), 2 + day);
      await models.publish(publishedModel('a', 'new'), 3 + day);
      expect((await models.publications()).map(({ model }) => model.content)).toEqual(['new', 'kept']);
      expect([await models.retire('b'), await models.retire('b')]).toEqual([true, false]);
      expect(await models.publications()).toHaveLength(1);
      await close();
    });
  });
}
