import { canonicalJson, type Recipe, sized } from '../src/client/index.js';
import { InvalidInput as Refusal } from '../src/domain/problems.js';
import { refusedAs } from '../src/domain/validation.js';
import type { ImageRequest } from '../src/inputs/source.js';
import { completeRecipe, type PartialRecipe } from '../src/render/complete.js';
import { signRecipe } from '../src/render/sign-recipe.js';
import { builder } from './builder.js';
import { EditInput } from './edit.js';
import { GenerateInput } from './generate.js';
import { loraIds, modelId } from './ids.js';
import { type ImageInput, imageRequest } from './input-image.js';
import { InvalidInput } from './problems.js';
import { RefineInput } from './refine.js';

const RenderAddressInput = builder.inputType('RenderAddressInput', {
  description:
    'The image of an address, as it would be asked for at once: exactly one of the three. Images are named by `id`, or by their address on this server. `cache`, `dynamicGuidance` and more than one image have no place in an address.',
  isOneOf: true,
  fields: (t) => ({
    generate: t.field({ type: GenerateInput, description: 'An image from a prompt.' }),
    edit: t.field({ type: EditInput, description: 'An image of this server, changed.' }),
    refine: t.field({ type: RefineInput, description: 'An image of this server, improved.' }),
  }),
});

interface Address {
  readonly path: string;
  readonly recipe: Recipe;
}

const RenderAddress = builder.objectRef<Address>('RenderAddress').implement({
  description: 'A signed address that gives an image, which is made when it is first asked for.',
  fields: (t) => ({
    url: t.string({
      description: 'Absolute address of the image, for the `src` of a page.',
      args: {
        width: t.arg.int({ description: 'Width in pixels, one of RENDER_WIDTHS. Left out: its own.' }),
        quality: t.arg.int({
          description:
            'Quality of a lossy format, one of RENDER_QUALITIES. Left out: one that looks alike in every format.',
        }),
      },
      resolve: ({ path }, { width, quality }, { baseUrl }) =>
        sized(baseUrl + path, { width: width ?? undefined, quality: quality ?? undefined }),
    }),
    placeholder: t.string({
      description: 'Address of something small to be shown meanwhile, which is there at once and starts nothing.',
      resolve: ({ path }, _args, { baseUrl }) => `${baseUrl}${path}?placeholder`,
    }),
    recipe: t.string({
      description: 'The recipe that is signed, as JSON in canonical form: everything that decides the pixels.',
      resolve: ({ recipe }) => canonicalJson(recipe),
    }),
    seed: t.field({
      type: 'Seed',
      description: 'The seed of the recipe: as asked for, else the one that was drawn.',
      resolve: ({ recipe }) => recipe.seed,
    }),
  }),
});

builder.mutationField('renderAddress', (t) =>
  t.field({
    type: RenderAddress,
    description:
      'Signs a recipe: the address gives its image to everyone who has it, from any cache on the way. Nothing is drawn before it is asked for.',
    args: {
      input: t.arg({ type: RenderAddressInput, required: true, description: 'What the image is made from.' }),
      keyId: t.arg.string({ description: 'Id of the key of RENDER_KEYS that signs. Left out: the first.' }),
      expiresAt: t.arg({
        type: 'DateTime',
        description: 'When the address ends, rounded up to a day (UTC). Left out: never.',
      }),
    },
    errors: {
      types: [InvalidInput],
      union: {
        name: 'RenderAddressResult',
        description: 'The address, or the problem because of which there is none.',
      },
    },
    async resolve(_root, { input, keyId, expiresAt }, { service, caller, baseUrl, renderKeys }) {
      if (caller.scopes.length > 0 && !caller.scopes.includes('sign'))
        throw new Refusal('keyId', 'Expected a key with the scope `sign` but received one without.', {
          code: 'NOT_ALLOWED',
        });
      const recipe = completeRecipe(recipeOf(input, baseUrl), await service.models(caller));
      const expires = expiresAt == null ? undefined : new Date(expiresAt);
      return { recipe, path: await signRecipe(recipe, renderKeys, { keyId, expires }) };
    },
  }),
);

type Given = typeof RenderAddressInput.$inferInput;

/** The input as the fields of a recipe, defaults still left out. @throws InvalidInput where an address cannot say it */
function recipeOf({ generate, edit, refine }: Given, baseUrl: string): PartialRecipe {
  const said = generate ?? edit ?? refine!;
  const { cache, dynamicGuidance, count, ...rest }: PartialRecipe = { ...said };
  if (cache != null && cache !== 'DEFAULT') throw refusedAs('cache', 'left out of an address', String(cache));
  if (dynamicGuidance === true)
    throw refusedAs('dynamicGuidance', 'left out of an address, which says its guidance,', 'true');
  if (count != null && count !== 1) throw refusedAs('count', '1, as an address has one image,', String(count));
  const fields = { ...rest, model: modelId(said.model), loras: loraIds(said.loras) };
  if (generate != null) return { ...fields, operation: 'generate' };
  const idOf = (field: string, image: typeof ImageInput.$inferInput | null | undefined) =>
    image == null ? null : storedId(field, imageRequest(image, baseUrl));
  const given = (edit ?? refine)!;
  const images = { image: idOf('image', given.image), mask: idOf('mask', given.mask) };
  if (edit == null) return { ...fields, ...images, operation: 'refine' };
  const references = edit.references?.map((reference, i) => idOf(`references.${i}`, reference));
  return { ...fields, ...images, references, operation: 'edit' };
}

function storedId(field: string, { id }: ImageRequest): string {
  if (id != null) return id;
  throw refusedAs(field, 'an image of this server', 'another');
}
