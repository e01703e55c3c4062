import { anonymous, type Caller } from '../../src/domain/caller.js';
import type { UseCases } from '../../src/generation/types.js';

/** The use cases of one caller. */
export type CallersUseCases = {
  readonly [Name in keyof UseCases]: UseCases[Name] extends (caller: Caller, ...rest: infer Rest) => infer Result
    ? (...rest: Rest) => Result
    : UseCases[Name];
};

const forCallers = [
  ...(['generate', 'edit', 'refine', 'cancel', 'generation', 'generations', 'progress'] as const),
  ...(['image', 'images', 'promptAdvice', 'models', 'model'] as const),
] as const;

const forAll = ['variant', 'ready', 'notReady', 'close'] as const;

/** What a caller asks of a service, and what all ask of it. */
export function asCaller(service: UseCases, caller: Caller = anonymous): CallersUseCases {
  const bound = [
    ...forCallers.map((name) => [name, (service[name] as (caller: Caller) => unknown).bind(service, caller)]),
    ...forAll.map((name) => [name, (service[name] as () => unknown).bind(service)]),
  ];
  return Object.fromEntries(bound);
}
