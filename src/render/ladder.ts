import { nearest } from '../client/index.js';
import { refused, refusedAs } from '../domain/validation.js';
import { readImageQuery } from '../images/address.js';
import type { RenderConfig } from './config.js';

export interface RenderQuery {
  readonly width?: number;
  readonly height?: number;
  readonly quality?: number;
  /** Something small to be shown meanwhile is asked for instead of the image. */
  readonly placeholder: boolean;
}

type Ladders = Pick<RenderConfig, 'RENDER_WIDTHS' | 'RENDER_HEIGHTS' | 'RENDER_QUALITIES'>;

/** What stands behind the question mark: steps of the ladders, or `placeholder` alone. @throws InvalidInput that names the nearest step */
export function readRenderQuery(query: URLSearchParams, ladders: Ladders): RenderQuery {
  if (query.has('placeholder')) {
    if (query.size > 1) throw refusedAs('placeholder', 'alone', 'it with other keys');
    if (query.get('placeholder') !== '') throw refused('placeholder', 'without a value', query.get('placeholder'));
    return { placeholder: true };
  }
  const { width, height, quality } = readImageQuery(query);
  return {
    ...onLadder('width', width, ladders.RENDER_WIDTHS),
    ...onLadder('height', height, ladders.RENDER_HEIGHTS),
    ...onLadder('quality', quality, ladders.RENDER_QUALITIES),
    placeholder: false,
  };
}

function onLadder<Field extends string>(field: Field, value: number | undefined, steps: readonly number[]) {
  if (value === undefined) return {} as Partial<Record<Field, number>>;
  if (steps.includes(value)) return { [field]: value } as Partial<Record<Field, number>>;
  const step = nearest(steps, value)!;
  throw refused(field, `one of ${steps.join(', ')}, of which ${step} is the nearest,`, value, {
    code: 'OUT_OF_RANGE',
    parameters: { min: steps[0]!, max: steps.at(-1)!, nearest: step },
  });
}
