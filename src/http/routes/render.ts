import { DAY } from '../../client/index.js';
import { Problem } from '../../domain/problems.js';
import type { ImageFormat } from '../../domain/variant.js';
import type { UseCases } from '../../generation/types.js';
import { plainPlaceholder, thumbhashPlaceholder } from '../../images/placeholder.js';
import type { RenderConfig } from '../../render/config.js';
import { readRenderQuery } from '../../render/ladder.js';
import { RenderRefused } from '../../render/problems.js';
import { type Admitted, type Renders, renderer } from '../../render/renders.js';
import { recipeTags } from '../../render/tags.js';
import { tagHeaders } from '../cache-tags.js';
import { etagOf } from '../etag.js';
import { imageResponse } from '../image-response.js';
import { acceptedImageFormat } from '../negotiation.js';
import { problemImage, wantsImage } from '../problem-image.js';
import { problemResponse, refusal } from '../responses.js';
import type { Route } from '../route.js';

export interface RenderRouteParts {
  readonly renders: Renders;
  readonly service: Pick<UseCases, 'variant' | 'image'>;
  readonly settings: RenderConfig;
  readonly now: () => number;
}

/** The image of a signed recipe, made when it is asked for the first time. The address gives access to this image alone. */
export function render(parts: RenderRouteParts): Route {
  return {
    path: '/r/{address...}',
    methods: ['GET', 'HEAD'],
    access: 'open',
    refusals: 'problem',
    async handle(request, { url }) {
      try {
        return await answer(parts, request, url);
      } catch (error) {
        return refuse(error, request.headers.get('accept'));
      }
    },
  };
}

async function answer(parts: RenderRouteParts, request: Request, url: URL): Promise<Response> {
  const { renders, settings } = parts;
  const admitted = await renders.admit(url.pathname);
  const { placeholder, ...size } = readRenderQuery(url.searchParams, settings);
  if (placeholder) return answerPlaceholder(parts, request, admitted);
  const negotiated = admitted.path.extension === 'auto';
  const format = formatOf(admitted, request);
  for (let tries = 1; ; tries++) {
    const image = await renders.image(admitted);
    const result = await parts.service.variant(image.id, { ...size, format }, request.signal);
    if (result.outcome === 'found') {
      const tags = [`image-${image.id}`, ...recipeTags(admitted)];
      const headers = { ...cacheHeaders(parts, admitted), ...tagHeaders(tags) };
      return imageResponse(request, result, negotiated ? { ...headers, vary: 'Accept' } : headers);
    }
    // It had to make room: made again, it is there. Twice in a row, the store holds less than what is asked of it.
    renders.forget(admitted);
    if (tries === 2) throw new RenderRefused(503, 'SOURCE_GONE', 'The image had to make room before it was read.', 1);
  }
}

function formatOf({ path: { extension } }: Admitted, request: Request): Exclude<ImageFormat, 'AUTO'> {
  if (extension === 'auto') return acceptedImageFormat(request.headers.get('accept'), { avif: true });
  return ({ avif: 'AVIF', webp: 'WEBP', jpg: 'JPEG', jpeg: 'JPEG', png: 'PNG' } as const)[extension];
}

/** A few hundred bytes at once: the image blurred where it exists, a plain one of its shape where not. */
async function answerPlaceholder(parts: RenderRouteParts, request: Request, admitted: Admitted): Promise<Response> {
  const image = await parts.renders.find(admitted);
  const body =
    image === null ? await plainPlaceholder(await shapeOf(parts, admitted)) : await thumbhashPlaceholder(image);
  const described = { body, contentType: 'image/webp', etag: etagOf(Buffer.from(body)) };
  const tags = tagHeaders([...(image === null ? [] : [`image-${image.id}`]), ...recipeTags(admitted)]);
  const kept = image === null ? { 'cache-control': 'no-store' } : cacheHeaders(parts, admitted);
  return imageResponse(request, described, { ...kept, ...tags });
}

/** An edit and a refinement have the shape of their image. */
async function shapeOf({ service }: RenderRouteParts, { recipe }: Admitted) {
  if (recipe.operation === 'generate') return recipe;
  return (await service.image(renderer, recipe.image)) ?? { width: 1, height: 1 };
}

/** An edge may show what it has while it asks again, or where nothing answers; never what has expired. */
function cacheHeaders({ settings, now }: RenderRouteParts, { path: { expires } }: Admitted): Record<string, string> {
  const { RENDER_BROWSER_SECONDS: browser, RENDER_EDGE_SECONDS: edge } = settings;
  const left = expires === null ? null : Math.max(0, Math.floor(expires - now() / 1000));
  if (left !== null)
    return {
      'cache-control': `public, max-age=${Math.min(browser, left)}, s-maxage=${Math.min(edge, left)}, must-revalidate`,
    };
  const stale = `stale-while-revalidate=${DAY}, stale-if-error=${30 * DAY}`;
  return { 'cache-control': `public, max-age=${browser}, s-maxage=${edge}, ${stale}` };
}

function refuse(error: unknown, accept: string | null): Response {
  const known = error instanceof RenderRefused || error instanceof Problem;
  if (!known) throw error;
  const after = error instanceof RenderRefused ? error.retryAfter : error.retryable ? 1 : null;
  const headers = { vary: 'Accept', ...(after === null ? {} : { 'retry-after': String(after) }) };
  if (wantsImage(accept)) return problemImage(error.status, error.message, headers);
  if (error instanceof Problem) return problemResponse(error, headers);
  return refusal('problem', { status: error.status, code: error.code, sentence: error.message }, headers);
}
