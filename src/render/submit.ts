import type { Recipe } from '../client/index.js';
import type { Caller } from '../domain/caller.js';
import type { CachePolicy, Generation, SubmitOptions, UseCases } from '../generation/types.js';

export type Submitting = Pick<UseCases, 'generate' | 'edit' | 'refine'>;

/** Asks for the image of a recipe, whose images are named by id. @throws Problem */
export function submit(
  service: Submitting,
  caller: Caller,
  recipe: Recipe,
  cache: CachePolicy,
  options: SubmitOptions,
): Promise<Generation> {
  const named = (id: string) => ({ id });
  const optional = (id: string | undefined) => (id === undefined ? null : named(id));
  switch (recipe.operation) {
    case 'generate':
      return service.generate(caller, { ...recipe, count: 1, cache }, options);
    case 'edit': {
      const { image, mask, references = [], ...rest } = recipe;
      const images = { image: named(image), mask: optional(mask), references: references.map(named) };
      return service.edit(caller, { ...rest, ...images, cache }, options);
    }
    case 'refine': {
      const { image, mask, ...rest } = recipe;
      return service.refine(caller, { ...rest, image: named(image), mask: optional(mask), cache }, options);
    }
  }
}
