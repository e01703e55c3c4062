import { setMaxListeners } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { context as tracing } from '@opentelemetry/api';
import { type DocumentNode, type ExecutionResult, type execute, GraphQLError, type subscribe } from 'graphql';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Context, newCursor } from '../../../schema/index.js';
import { anonymous } from '../../domain/caller.js';
import type { UseCases } from '../../generation/types.js';
import { callersContext } from '../../telemetry/caller.js';
import type { Access, Verdict } from '../access.js';
import { baseUrlOf } from '../base-url.js';
import { callerOf } from '../caller.js';
import type { HttpConfig } from '../config.js';
import { refuseRaw } from '../raw-response.js';
import { TOO_MANY_GUESSES } from '../responses.js';
import { told, toldError } from './error-codes.js';
import { GRAPHQL_PATH } from './path.js';
import { shortErrors, withShortErrors } from './short-errors.js';
import { headersOf, upgradeRefusal, urlOf } from './upgrade.js';
import type { GraphQL } from './yoga.js';

/** Operations that one socket has open at once. Generous beside a page full of images; each costs memory for as long as it is read. */
const MAX_OPERATIONS = 100;

/** A close code of the protocol. */
const TOO_MANY_REQUESTS = 4429;

interface Parts {
  readonly graphql: GraphQL;
  readonly service: UseCases;
  readonly access: Access;
  readonly settings: HttpConfig;
}

/** Subscriptions (and anything else) over WebSocket, by the graphql-transport-ws protocol, on the path of the API. */
export function serveWebSocket(
  server: Server,
  { graphql, service, access, settings }: Parts,
): { close(): Promise<void> } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: settings.BODY_LIMIT_BYTES });
  server.on('upgrade', (request, socket, head) => {
    const refusal = upgradeRefusal(request, GRAPHQL_PATH, access, settings);
    if (refusal !== null) return refuseRaw(socket, ...refusal);
    sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', forgiving(opened), request));
  });
  const gone = new WeakMap<object, AbortSignal>();
  const disposable = useServer<Record<string, unknown>, Partial<Extra>>(
    {
      // Else a surprise would be told to the client, in its words, as the reason of the closing.
      isProd: true,
      onConnect({ connectionParams, extra }) {
        const leaving = new AbortController();
        // Each of its operations listens.
        setMaxListeners(0, leaving.signal);
        gone.set(extra, leaving.signal);
        extra.socket!.once('close', () => leaving.abort());
        const verdict = mayConnect(access, connectionParams, extra.request!, settings);
        if (verdict === 'too many') extra.socket!.close(TOO_MANY_REQUESTS, TOO_MANY_GUESSES);
        return verdict === 'in';
      },
      onNext: (_context, _message, _params, _args, result) => told(withShortErrors(result as ExecutionResult)),
      onError: (_context, _message, _params, errors) => shortErrors(errors).map(toldError),
      execute: (args) => (args.rootValue as Runners).execute(args),
      subscribe: async (args) =>
        toItsEnd(await (args.rootValue as Runners).subscribe(args), args.contextValue as Context),
      onSubscribe: async ({ extra, connectionParams, subscriptions }, _id, params) => {
        // Its own is among them.
        if (Object.keys(subscriptions).length > MAX_OPERATIONS) return [tooMany()];
        const context = contextOf(service, extra.request!, settings, gone.get(extra)!);
        const enveloped = graphql.getEnveloped({ ...context, params } as never);
        const document = parsed(() => enveloped.parse(params.query));
        if (!('kind' in document)) return document;
        const errors = enveloped.validate(enveloped.schema, document);
        if (errors.length > 0) return errors;
        // A socket carries many traces: an operation may name its own, else it is that of the connection.
        const caller = callersContext(params.extensions, connectionParams, extra.request!.headers);
        return {
          schema: enveloped.schema,
          operationName: params.operationName,
          document,
          variableValues: params.variables,
          contextValue: await enveloped.contextFactory(context as never),
          rootValue: {
            execute: tracing.bind(caller, enveloped.execute),
            subscribe: tracing.bind(caller, enveloped.subscribe),
          } satisfies Runners,
        };
      },
    },
    sockets,
  );
  return {
    async close() {
      for (const socket of sockets.clients) socket.close(1001, 'The server is stopping.');
      await disposable.dispose();
    },
  };
}

/** What is on its way to a reader who has left is lost, which is no failure. graphql-ws would print each such message with its stack. */
function forgiving(socket: WebSocket): WebSocket {
  const send: (data: string, done: () => void) => void = socket.send.bind(socket);
  return Object.assign(socket, { send: (data: string, done?: () => void) => send(data, () => done?.()) });
}

function tooMany(): GraphQLError {
  return new GraphQLError(`Expected at most ${MAX_OPERATIONS} operations at once on a connection but received more.`, {
    extensions: { code: 'TOO_MANY_OPERATIONS' },
  });
}

/**
 * A subscription that stops before its end, as when the server does, is not completed: its reader, told that there is no more, would not
 * come back. It ends with its socket.
 */
async function* untilOver(results: AsyncIterable<ExecutionResult>, { cursor, signal }: Context) {
  let failed = false;
  for await (const result of results) {
    failed = result.data == null;
    yield result;
  }
  if (cursor.over || failed || signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

function toItsEnd(result: Awaited<ReturnType<typeof subscribe>>, context: Context) {
  return Symbol.asyncIterator in result ? untilOver(result, context) : result;
}

/** Yoga's own execution, with its plugins, carried to where graphql-ws executes. */
interface Runners {
  readonly execute: typeof execute;
  readonly subscribe: typeof subscribe;
}

/** The key comes as `{ accessKey }` or `{ authorization: "Bearer …" }`, or the browser has a session. */
function mayConnect(
  access: Access,
  params: Readonly<Record<string, unknown>> | undefined,
  request: IncomingMessage,
  settings: HttpConfig,
): Verdict {
  const authorization = params?.authorization ?? params?.Authorization;
  const bearer = typeof authorization === 'string' ? /^Bearer (.+)$/i.exec(authorization)?.[1] : undefined;
  const key = params?.accessKey ?? bearer;
  const caller = callerOf(request, settings);
  const byHeaders = access.enter(headersOf(request), caller);
  return byHeaders === 'in' || key === undefined ? byHeaders : access.enterByKey(key, caller);
}

/** A document that cannot be read fails its own operation, not the others of its socket. */
function parsed(parse: () => DocumentNode): DocumentNode | readonly GraphQLError[] {
  try {
    return parse();
  } catch (error) {
    return [error as GraphQLError];
  }
}

/** The signal ends with the socket: then nobody is there who could be told an id. What was told its id goes on. */
function contextOf(service: UseCases, request: IncomingMessage, settings: HttpConfig, signal: AbortSignal): Context {
  return {
    service,
    caller: anonymous,
    baseUrl: baseUrlOf(headersOf(request), urlOf(request), settings),
    signal,
    cursor: newCursor(),
    renderKeys: settings.RENDER_KEYS,
  };
}
