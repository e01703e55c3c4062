import type { Extension } from './address.js';
import type { Recipe } from './recipe.js';
import { sign } from './sign.js';
import type { RenderKey } from './signature.js';

/** The widths that a server renders by default; `RENDER_WIDTHS` changes them. */
export const LADDER: readonly number[] = [64, 128, 256, 320, 480, 640, 768, 960, 1024, 1280, 1536, 1920, 2048];

export interface InkOptions {
  /** Where the server or its edge is, without a slash at the end. */
  readonly base: string;
  readonly key: RenderKey;
  /** What stands for the image where it is not seen. Left out: the prompt. */
  readonly alt?: string;
  /** How wide the image is shown, as the attribute `sizes` says it. Left out: its own width at most. */
  readonly sizes?: string;
  /** Left out: `LADDER`. */
  readonly widths?: readonly number[];
  /** 1 … 100, of the server's ladder. Left out: one that looks alike in every format. */
  readonly quality?: number;
  readonly extension?: Extension;
  readonly expires?: Date;
  /** Of the image of an edit or a refinement, whose recipe does not tell it. */
  readonly width?: number;
  readonly height?: number;
}

/** The attributes of an `<img>`. */
export interface Ink {
  readonly src: string;
  readonly srcset: string;
  readonly sizes: string;
  readonly width: number;
  readonly height: number;
  readonly alt: string;
  /** A tiny blurred WebP, which is there at once. */
  readonly placeholder: string;
}

/** What a page needs to show the image of a recipe. The secret stays where this is called: on the server or in the build. @throws InvalidRecipe */
export async function ink(recipe: Recipe, options: InkOptions): Promise<Ink> {
  const size = recipe.operation === 'generate' ? recipe : { width: options.width, height: options.height };
  const { width, height } = size;
  if (width === undefined || height === undefined)
    throw new TypeError(
      `Expected \`width\` and \`height\` of the image to be given for ${recipe.operation} but received nothing.`,
    );
  const address = options.base.replace(/\/+$/, '') + (await sign(recipe, options.key, options));
  return {
    src: sized(address, { quality: options.quality }),
    srcset: srcset(address, { widths: options.widths ?? LADDER, most: width, quality: options.quality }),
    sizes: options.sizes ?? `(max-width: ${width}px) 100vw, ${width}px`,
    width,
    height,
    alt: options.alt ?? recipe.prompt ?? '',
    placeholder: `${address}?placeholder`,
  };
}

/** The same image in another size and quality: the address stays signed. Keys stand in one order, so that caches keep one entry. */
export function sized(
  address: string,
  {
    width,
    height,
    quality,
  }: {
    readonly width?: number | undefined;
    readonly height?: number | undefined;
    readonly quality?: number | undefined;
  },
): string {
  const asked = Object.entries({ w: width, h: height, q: quality }).filter(([, value]) => value !== undefined);
  return asked.length === 0 ? address : `${address}?${asked.map(([key, value]) => `${key}=${value}`).join('&')}`;
}

/** One candidate for each step of the ladder below the image's own width, and the image itself. */
export function srcset(
  address: string,
  {
    widths,
    most,
    quality,
  }: { readonly widths: readonly number[]; readonly most: number; readonly quality?: number | undefined },
): string {
  const smaller = widths
    .filter((width) => width < most)
    .map((width) => `${sized(address, { width, quality })} ${width}w`);
  return [...smaller, `${sized(address, { quality })} ${most}w`].join(', ');
}

/** The step of a ladder that is nearest to a value. */
export function nearest(ladder: readonly number[], value: number): number | undefined {
  return [...ladder].sort((a, b) => Math.abs(a - value) - Math.abs(b - value))[0];
}
