import type { DocumentNode } from 'graphql';
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { type Context, newCursor, schema } from '../../../schema/index.js';
import { anonymous } from '../../domain/caller.js';
import type { UseCases } from '../../generation/types.js';
import { baseUrlOf } from '../base-url.js';
import type { HttpConfig } from '../config.js';
import { useLimits } from './limits.js';
import { isLogged, maskedErrors } from './masking.js';
import { useParameters } from './parameters.js';
import { GRAPHQL_PATH } from './path.js';
import { usePersistedQueries } from './persisted-queries.js';
import { useTracing } from './tracing.js';
import { UploadBudget } from './upload-budget.js';
import { useUploads } from './uploads.js';
import { useErrorCodes } from './use-error-codes.js';
import { useShortErrors } from './use-short-errors.js';
import { useStreams } from './use-streams.js';

/** An image, a mask and further images, more than once. */
const MAX_FILES = 16;

export interface GraphQLParts {
  readonly service: UseCases;
  readonly settings: HttpConfig;
  readonly log: Logger;
  /** Whether spans are collected. */
  readonly traced: boolean;
}

export type GraphQL = YogaServerInstance<object, Context>;

/** What executes operations. Nothing here is about HTTP but how an operation comes and how its result leaves. */
export function createGraphQL({ service, settings, log, traced }: GraphQLParts): GraphQL {
  const plugins: Plugin[] = [
    ...(traced ? [useTracing()] : []),
    useParameters(),
    useUploads(
      { files: MAX_FILES, fileBytes: settings.UPLOAD_BYTES, fieldBytes: settings.BODY_LIMIT_BYTES },
      new UploadBudget(Math.max(settings.UPLOADS_BYTES, settings.UPLOAD_BYTES + settings.BODY_LIMIT_BYTES)),
    ),
    usePersistedQueries(),
    useLimits(),
    useStreams(),
    useErrorCodes(),
    useShortErrors(),
  ];
  return createYoga<object, Context>({
    schema,
    plugins,
    graphqlEndpoint: GRAPHQL_PATH,
    maskedErrors: maskedErrors(log),
    logging: {
      debug() {},
      info() {},
      warn: (...args) => log.warn({ args }, 'yoga'),
      error: (...args) => {
        if (!args.every(isLogged)) log.error({ args }, 'yoga');
      },
    },
    // Routes and middleware of ours.
    landingPage: false,
    graphiql: false,
    cors: false,
    // Ours goes by Content-Length, where Yoga's sends every body through a stream, half of what a small request costs.
    maxRequestBodySize: false,
    // Ours is useUploads, with limits for each part.
    multipart: false,
    batching: false,
    parserAndValidationCache: { documentCache: keptByLength<DocumentNode>(), errorCache: keptByLength<object>() },
    // A WebSocket brings its own, made when it connected.
    context: (given) =>
      'service' in given
        ? (given as unknown as Context)
        : {
            service,
            caller: anonymous,
            baseUrl: baseUrlOf(given.request.headers, given.request.url, settings),
            signal: given.request.signal,
            cursor: newCursor(lastEventOf(given.request.headers)),
            renderKeys: settings.RENDER_KEYS,
          },
  });
}

/** What an EventSource says when it connects again. */
function lastEventOf(headers: Pick<Headers, 'get'>): number | null {
  const id = headers.get('last-event-id') ?? '';
  return /^\d{1,15}$/.test(id) ? Number(id) : null;
}

/**
 * What was read of documents, since clients send the same ones again. Yoga by itself counts them, and a thousand long ones would take
 * half a gigabyte. A character of a document takes a hundred bytes or so when it was read.
 */
function keptByLength<T extends object>(): LRUCache<string, T> {
  return new LRUCache({
    maxSize: 2 ** 18,
    maxEntrySize: 2 ** 14,
    sizeCalculation: (_, source) => Math.max(1, source.length),
  });
}
