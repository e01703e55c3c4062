import type { DocumentNode } from 'graphql';
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { type Context, newCursor, schema } from '../../schema/index.js';
import type { UseCases } from '../generation/types.js';
import type { Access } from './access.js';
import { baseUrlOf } from './base-url.js';
import type { HttpConfig } from './config.js';
import { useAccept } from './plugins/accept.js';
import { useAccess } from './plugins/access.js';
import { useBodyLimit } from './plugins/body-limit.js';
import { useCsrfPrevention } from './plugins/csrf.js';
import { useNotFound } from './plugins/elsewhere.js';
import { useErrorCodes } from './plugins/error-codes.js';
import { useGraphiQL } from './plugins/graphiql.js';
import { withErrorBoundary } from './plugins/guarded.js';
import { useHealth } from './plugins/health.js';
import { useOwnHosts } from './plugins/hosts.js';
import { useImages } from './plugins/images.js';
import { useLimits } from './plugins/limits.js';
import { isLogged, maskedErrors } from './plugins/masking.js';
import { useNoSniff } from './plugins/nosniff.js';
import { usePage } from './plugins/page.js';
import { useParameters } from './plugins/parameters.js';
import { usePersistedQueries } from './plugins/persisted-queries.js';
import { usePreflightAdvice } from './plugins/preflight.js';
import { useRequestLog } from './plugins/request-log.js';
import { SCHEMA_PATH, useSchemaFile } from './plugins/schema-file.js';
import { useShortErrors } from './plugins/short-errors.js';
import { useStreams } from './plugins/streams.js';
import { useTracing } from './plugins/tracing.js';
import { useNoStore } from './plugins/unkept.js';
import { useUploads } from './plugins/uploads.js';
import { UploadBudget } from './upload-budget.js';
import { createVisitors } from './visitor.js';

export const GRAPHQL_PATH = '/graphql';
/** An image, a mask and further images, more than once. */
const MAX_FILES = 16;

export interface YogaOptions {
  readonly service: UseCases;
  readonly access: Access;
  readonly settings: HttpConfig;
  readonly log: Logger;
  /** Whether somebody collects spans. */
  readonly traced: boolean;
  readonly isStopping: () => boolean;
}

/** Everything that answers HTTP, in the order in which it is asked. */
export function createHttp({
  service,
  access,
  settings,
  log,
  traced,
  isStopping,
}: YogaOptions): YogaServerInstance<object, Context> {
  const visitors = createVisitors(access, settings);
  const plugins: Plugin[] = [
    ...(traced ? [useTracing()] : []),
    useBodyLimit({
      maxBytes: settings.BODY_LIMIT_BYTES,
      maxMultipartBytes: settings.UPLOAD_BYTES + settings.BODY_LIMIT_BYTES,
      path: GRAPHQL_PATH,
    }),
    useRequestLog(log),
    useNoSniff(),
    useOwnHosts(access, settings, GRAPHQL_PATH),
    useHealth(service, isStopping),
    useImages(service),
    usePage(access, visitors),
    useAccess(visitors, GRAPHQL_PATH, SCHEMA_PATH),
    useSchemaFile(schema, access),
    useNotFound(GRAPHQL_PATH),
    useNoStore(GRAPHQL_PATH),
    ...(settings.CORS_ORIGINS.length === 0 ? [usePreflightAdvice(GRAPHQL_PATH)] : []),
    useGraphiQL(GRAPHQL_PATH, exampleQuery),
    useAccept(GRAPHQL_PATH),
    useCsrfPrevention(GRAPHQL_PATH),
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
    plugins: plugins.map((plugin) => withErrorBoundary(plugin, log, GRAPHQL_PATH)),
    graphqlEndpoint: GRAPHQL_PATH,
    landingPage: false,
    // Ours is useGraphiQL, which says what its page may do.
    graphiql: false,
    maskedErrors: maskedErrors(log),
    logging: {
      debug() {},
      info() {},
      warn: (...args) => log.warn({ args }, 'yoga'),
      error: (...args) => {
        if (!args.every(isLogged)) log.error({ args }, 'yoga');
      },
    },
    // Ours is useBodyLimit: it goes by Content-Length, where Yoga's sends every body through a stream, half of what a small request costs.
    maxRequestBodySize: false,
    // Ours is useUploads, with limits for each part.
    multipart: false,
    batching: false,
    parserAndValidationCache: { documentCache: keptByLength<DocumentNode>(), errorCache: keptByLength<object>() },
    cors: corsOf(settings.CORS_ORIGINS),
    // A WebSocket brings its own, made when it connected.
    context: (given) =>
      'service' in given
        ? (given as unknown as Context)
        : {
            service,
            baseUrl: baseUrlOf(given.request.headers, given.request.url, settings),
            signal: given.request.signal,
            cursor: newCursor(lastEventOf(given.request.headers)),
          },
  });
}

/** What a browser's EventSource, and whoever does as it does, says when it connects again. */
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

/** Without any origin, no header at all: browsers then keep other sites out. */
function corsOf(origins: readonly string[]) {
  if (origins.length === 0) return false as const;
  return {
    origin: [...origins],
    methods: ['GET', 'POST', 'OPTIONS'],
    allowedHeaders: [
      'content-type',
      'authorization',
      'x-graphql-yoga-csrf',
      'apollo-require-preflight',
      'traceparent',
      'last-event-id',
    ],
    credentials: !origins.includes('*'),
    maxAge: 86_400,
  };
}

const exampleQuery = `mutation Draw {
  generate(input: { prompt: "一只狗在左边，草地背景", seed: 1 }, waitMs: 30000) {
    __typename
    ... on Generation {
      id
      status
      cache
      images { url(width: 256) seed }
      timings { stage durationMs }
    }
    ... on Problem { message retryable }
  }
}
`;
