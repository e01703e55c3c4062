import { LRUCache } from 'lru-cache';
import {
  canonicalJson,
  InvalidRecipe,
  parseRecipe,
  type Recipe,
  type RenderKey,
  type RenderPath,
  readPayload,
  verify,
} from '../client/index.js';
import { anonymous } from '../domain/caller.js';
import type { Image } from '../domain/image.js';
import { NotCached } from '../domain/problems.js';
import { refusedAs } from '../domain/validation.js';
import { type Clock, withinOf } from '../environment/clock.js';
import type { UseCases } from '../generation/types.js';
import { RenderBudget } from './budget.js';
import { RenderRefused } from './problems.js';
import { type Submitting, submit } from './submit.js';

export interface RenderParts {
  readonly service: Submitting & Pick<UseCases, 'progress' | 'image'>;
  readonly keys: readonly RenderKey[];
  readonly waitMs: number;
  /** New images a minute and key id. */
  readonly rate: number;
  readonly clock: Clock;
}

/** A render address whose signature is valid. */
export interface Admitted {
  readonly path: RenderPath;
  readonly recipe: Recipe;
  /** The recipe's canonical form, by which it is known. */
  readonly json: string;
}

/** On whose behalf images are rendered: the keys are the operator's. */
export const renderer = anonymous;
/** Seconds after which a client may ask again for an image that is being made. */
const RETRY_AFTER = 5;
/** How long a recipe is answered without looking whether its model is still the same. */
const REMEMBERED_MS = 60_000;

/** The images of signed recipes: looked up, else made once for all that ask meanwhile. */
export class Renders {
  readonly #parts: RenderParts;
  readonly #budget: RenderBudget;
  /** By canonical form: images that were there a moment ago, and those that are being made. */
  readonly #known = new LRUCache<string, Image>({ max: 10_000, ttl: REMEMBERED_MS });
  readonly #running = new Map<string, Promise<Image>>();

  constructor(parts: RenderParts) {
    this.#parts = parts;
    this.#budget = new RenderBudget(parts.rate, () => parts.clock.now());
  }

  /** Nothing of the recipe is read before its signature is known to be valid. @throws RenderRefused, InvalidInput */
  async admit(pathname: string): Promise<Admitted> {
    const verdict = await verify(pathname, this.#parts.keys, this.#parts.clock.now());
    switch (verdict.outcome) {
      case 'malformed':
        throw new RenderRefused(404, 'NOT_FOUND', 'Expected a render address but received another.');
      case 'forged':
        throw new RenderRefused(
          403,
          'INVALID_SIGNATURE',
          'Expected an address signed by a key of this server but received another.',
        );
      case 'expired':
        throw new RenderRefused(
          403,
          'ADDRESS_EXPIRED',
          'Expected an address that has not expired but received one that has.',
        );
      case 'valid':
        return { path: verdict.path, ...readRecipe(verdict.path.payload) };
    }
  }

  /** The image of the recipe where it exists; null where it is still to be made. @throws Problem */
  async find({ recipe, json }: Pick<Admitted, 'recipe' | 'json'>): Promise<Image | null> {
    const known = this.#known.get(json);
    if (known !== undefined) return known;
    try {
      const { images } = await submit(this.#parts.service, renderer, recipe, 'ONLY', {
        waitMs: 0,
        signal: new AbortController().signal,
      });
      return this.#remember(json, images[0]!.imageId!);
    } catch (error) {
      if (error instanceof NotCached) return null;
      throw error;
    }
  }

  /**
   * The image of the recipe, made where it does not exist. A reader who leaves does not stop the work: the address stands on a page, and
   * the next reader would begin it again.
   *
   * @throws RenderRefused also where it takes longer than a request is held open; Problem
   */
  async image(admitted: Admitted): Promise<Image> {
    const { json, path } = admitted;
    const found = await this.find(admitted);
    if (found !== null) return found;
    const running = this.#running.get(json) ?? this.#begin(admitted, path.keyId);
    let image: Image | null = null;
    const { clock, waitMs } = this.#parts;
    await withinOf(
      clock,
      waitMs,
      running.then((made) => {
        image = made;
      }),
    );
    if (image !== null) return image;
    throw new RenderRefused(
      503,
      'RENDER_PENDING',
      `Expected an image that is made within ${waitMs} ms but received one that is still being made.`,
      RETRY_AFTER,
    );
  }

  /** The image store has it no more. */
  forget({ json }: Pick<Admitted, 'json'>): void {
    this.#known.delete(json);
  }

  #begin({ recipe, json }: Admitted, keyId: string): Promise<Image> {
    this.#budget.spend(keyId);
    const running = this.#make(recipe, json).finally(() => this.#running.delete(json));
    this.#running.set(json, running);
    // Readers that wait hear of it; after the last has gone, the log of the generation does.
    running.catch(() => {});
    return running;
  }

  async #make(recipe: Recipe, json: string): Promise<Image> {
    const { signal } = new AbortController();
    let generation = await submit(this.#parts.service, renderer, recipe, 'DEFAULT', { waitMs: 0, signal });
    if (generation.finishedAt === null)
      for await (const event of this.#parts.service.progress(renderer, generation.id, 0, signal))
        generation = event.generation;
    const { status, problem, images } = generation;
    if (status === 'SUCCEEDED') return this.#remember(json, images[0]!.imageId!);
    const code = problem?.reason ?? problem?.code ?? status;
    throw new RenderRefused(
      problem?.retryable === false ? 500 : 503,
      code,
      problem?.message ?? 'The image was not finished.',
      RETRY_AFTER,
    );
  }

  async #remember(json: string, id: string): Promise<Image> {
    const image = await this.#parts.service.image(renderer, id);
    if (image === null)
      throw new RenderRefused(503, 'SOURCE_GONE', 'The image had to make room before it was read.', 1);
    this.#known.set(json, image);
    return image;
  }
}

function readRecipe(payload: string): Pick<Admitted, 'recipe' | 'json'> {
  const read = readPayload(payload);
  if (read === null || !('json' in read)) throw refusedAs('payload', 'a recipe as JSON in base64url', 'something else');
  try {
    const recipe = parseRecipe(read.json);
    return { recipe, json: canonicalJson(recipe) };
  } catch (error) {
    if (error instanceof InvalidRecipe) throw refusedAs(error.field, error.expected, error.received);
    throw error;
  }
}
