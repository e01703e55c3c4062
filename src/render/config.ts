import { z } from 'zod';
import type { RenderKey } from '../client/index.js';
import { setting, whole } from '../environment/values.js';

const KEY = /^[\w-]{1,32}:[!-~][ -~]{14,}[!-~]$/;

/** Steps of a ladder, in ascending order. */
const ladder = (text: string, most: number) =>
  z
    .string()
    .default(text)
    .transform((value) => value.split(',').map((step) => Number(step.trim())))
    .refine(
      (steps) => steps.every((step) => Number.isInteger(step) && step >= 1 && step <= most),
      `expected whole numbers between 1 and ${most}, separated by commas,`,
    )
    .transform((steps): readonly number[] => [...new Set(steps)].sort((a, b) => a - b));

const sides = '64,128,256,320,480,640,768,960,1024,1280,1536,1920,2048';

/** The environment variables of signed render addresses. */
export const renderSettings = {
  RENDER_KEYS: setting(
    z
      .string()
      .default('')
      .transform((text) => text.split(',').filter((key) => key !== ''))
      .refine(
        (keys) => keys.every((key) => KEY.test(key)),
        'expected `id:secret` pairs separated by commas: an id of letters, digits, `_` and `-`, a secret of at least 16 printable characters without comma',
      )
      .transform((keys): readonly RenderKey[] =>
        keys.map((key) => ({ id: key.slice(0, key.indexOf(':')), secret: key.slice(key.indexOf(':') + 1) })),
      ),
    'Keys that sign render addresses, as `id:secret`, separated by commas. An id may stand twice while its secret is changed; what is taken away ends its addresses. Without any, no render address is answered.',
  ),
  RENDER_WIDTHS: setting(ladder(sides, 16_384), 'Widths that a render address may ask for, in pixels.'),
  RENDER_HEIGHTS: setting(ladder(sides, 16_384), 'Heights that a render address may ask for, in pixels.'),
  RENDER_QUALITIES: setting(
    ladder('40,50,60,70,75,80,85,90,95', 100),
    'Qualities of lossy formats that a render address may ask for.',
  ),
  RENDER_WAIT_MS: setting(
    whole(0, 2 ** 31 - 1).default(55_000),
    'How long a request for an image that is still to be made is held open. Then it is answered with 503 and `Retry-After`, and the work goes on. Stay below the time-outs of proxies.',
    { unit: 'milliseconds' },
  ),
  RENDER_RATE: setting(
    whole(1, 1_000_000).default(60),
    'New images a minute that the addresses of one key id may start, in each process. What exists is answered without end.',
  ),
  RENDER_BROWSER_SECONDS: setting(
    whole(0, 31_536_000).default(86_400),
    'How long browsers keep the image of a render address, in seconds. A purge does not reach them.',
  ),
  RENDER_EDGE_SECONDS: setting(
    whole(0, 31_536_000).default(2_592_000),
    'How long an edge keeps the image of a render address before it asks again, in seconds.',
  ),
};

export type RenderConfig = z.infer<z.ZodObject<typeof renderSettings>>;
