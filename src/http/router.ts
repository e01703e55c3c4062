// Yoga's own server: it makes a web request of Node's, and sends web responses through Node's.
import { createServerAdapter } from '@whatwg-node/server';
import type { Logger } from 'pino';
import { systemClock } from '../environment/clock.js';
import type { UseCases } from '../generation/types.js';
import { Renders } from '../render/renders.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Access } from './access.js';
import type { HttpConfig } from './config.js';
import { createGraphQL, type GraphQL } from './graphql/yoga.js';
import { requireKey } from './middleware/access.js';
import { bodyLimits } from './middleware/body-limits.js';
import { cors, preflightAdvice } from './middleware/cors.js';
import { errorBoundary } from './middleware/error-boundary.js';
import { measure } from './middleware/measure.js';
import { allowedMethods } from './middleware/methods.js';
import { noSniff } from './middleware/no-sniff.js';
import { ownHosts } from './middleware/own-hosts.js';
import { requestLog } from './middleware/request-log.js';
import { trace } from './middleware/trace.js';
import { text } from './responses.js';
import { type Handler, type Middleware, matcher, type Route } from './route.js';
import { graphqlRoute } from './routes/graphql.js';
import { health, readiness } from './routes/health.js';
import { images } from './routes/images.js';
import { type MetricsReader, metrics, queueMetrics } from './routes/metrics.js';
import { pageFiles } from './routes/page.js';
import { render } from './routes/render.js';
import { schemaFile } from './routes/schema-file.js';
import { signIn } from './routes/sign-in.js';
import { createVisitors } from './visitor.js';

export interface RouterParts {
  readonly service: UseCases;
  readonly access: Access;
  readonly settings: HttpConfig;
  readonly log: Logger;
  /** Whether spans are collected. */
  readonly traced: boolean;
  readonly isStopping: () => boolean;
  /** Left out, nothing is measured. */
  readonly measured?: Measured | undefined;
}

/** What counts requests, and where the counts are read. */
export interface Measured extends MetricsReader {
  readonly metrics: Pick<Metrics, 'request'>;
}

export interface Router {
  readonly http: Pick<Adapter, 'fetch' | 'requestListener' | 'dispose'>;
  /** What executes operations, for those that come over WebSocket. */
  readonly graphql: GraphQL;
}

type Adapter = ReturnType<typeof createServerAdapter<object>>;

/** Everything that answers HTTP: the routes, and what stands before all of them, each in the order in which it is asked. */
export function createRouter({ service, access, settings, log, traced, isStopping, measured }: RouterParts): Router {
  const visitors = createVisitors(access, settings);
  const { RENDER_KEYS: keys, RENDER_WAIT_MS: waitMs, RENDER_RATE: rate } = settings;
  const renders = new Renders({ service, keys, waitMs, rate, clock: systemClock });
  const graphql = createGraphQL({ service, settings, log, traced });
  const routes: readonly Route[] = [
    health(),
    readiness(service, isStopping),
    images(service),
    render({ renders, service, settings, now: () => systemClock.now() }),
    signIn(access, visitors),
    ...pageFiles(visitors),
    schemaFile(access),
    ...(measured === undefined ? [] : [metrics(measured), queueMetrics(measured)]),
    graphqlRoute(graphql),
  ];
  const middleware: readonly Middleware[] = [
    ...(traced ? [trace()] : []),
    requestLog(log),
    ...(measured === undefined ? [] : [measure(measured.metrics)]),
    noSniff(),
    errorBoundary(log),
    cors(settings.CORS_ORIGINS),
    bodyLimits(settings, graphql.fetchAPI),
    ownHosts(access, settings),
    requireKey(visitors),
    preflightAdvice(),
    allowedMethods(),
  ];
  return { http: createServerAdapter<object>(handlerOf(middleware, routes)), graphql };
}

/** The answer to a request, as the server adapter asks for it. */
export function handlerOf(middleware: readonly Middleware[], routes: readonly Route[]) {
  const match = matcher(routes);
  const nothing = () => text(404, 'There is nothing at this address.');
  const dispatch: Handler = (request, context) => context.route?.handle(request, context) ?? nothing();
  const answer = middleware.reduceRight((next, wrap) => wrap(next), dispatch);
  return (request: Request, platform: object) => {
    const url = new URL(request.url, 'http://localhost');
    const { req: node } = platform as { readonly req?: Parameters<Handler>[1]['node'] };
    return answer(request, { url, ...match(url.pathname), node, platform });
  };
}
