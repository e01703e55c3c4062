import type { GenerateRecipe } from '../../src/client/index.js';

export const lighthouse: GenerateRecipe = {
  ...{ operation: 'generate', model: 'inkling-turbo', prompt: 'a lighthouse', width: 256, height: 256 },
  ...{ steps: 4, guidance: 0, seed: 7 },
};
