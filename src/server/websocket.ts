import type { IncomingMessage, Server } from 'node:http';
import type { execute, subscribe } from 'graphql';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import type { YogaServerInstance } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import type { Context } from '../../schema/index.js';
import type { Studio } from '../studio/types.js';
import type { Access } from './access.js';
import { baseUrlOf } from './base-url.js';
import type { ServerConfig } from './config.js';
import { GRAPHQL_PATH } from './yoga.js';

interface Parts {
  readonly yoga: YogaServerInstance<object, Context>;
  readonly studio: Studio;
  readonly access: Access;
  readonly settings: ServerConfig;
}

/** Subscriptions (and anything else) over WebSocket, by the graphql-transport-ws protocol, on the path of the API. */
export function serveWebSocket(server: Server, { yoga, studio, access, settings }: Parts): { close(): Promise<void> } {
  const sockets = new WebSocketServer({ server, path: GRAPHQL_PATH, maxPayload: settings.BODY_LIMIT_BYTES });
  const disposable = useServer<Record<string, unknown>, Partial<Extra>>(
    {
      onConnect: ({ connectionParams, extra }) => mayConnect(access, connectionParams, extra.request!),
      execute: (args) => (args.rootValue as Runners).execute(args),
      subscribe: (args) => (args.rootValue as Runners).subscribe(args),
      onSubscribe: async ({ extra }, _id, params) => {
        const context = contextOf(studio, extra.request!, settings);
        const enveloped = yoga.getEnveloped({ ...context, params } as never);
        const args = {
          schema: enveloped.schema,
          operationName: params.operationName,
          document: enveloped.parse(params.query),
          variableValues: params.variables,
          contextValue: await enveloped.contextFactory(context as never),
          rootValue: { execute: enveloped.execute, subscribe: enveloped.subscribe } satisfies Runners,
        };
        const errors = enveloped.validate(args.schema, args.document);
        return errors.length > 0 ? errors : args;
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
): boolean {
  if (!access.required) return true;
  const authorization = params?.authorization ?? params?.Authorization;
  const bearer = typeof authorization === 'string' ? /^Bearer (.+)$/i.exec(authorization)?.[1] : undefined;
  return access.isKey(params?.accessKey ?? bearer) || access.allows(headersOf(request));
}

/** A socket outlives its operations: leaving is by `complete` and `cancel`, so nothing here is ever aborted by the connection. */
function contextOf(studio: Studio, request: IncomingMessage, settings: ServerConfig): Context {
  const url = `http://${request.headers.host ?? 'localhost'}${request.url ?? '/'}`;
  return { studio, baseUrl: baseUrlOf(headersOf(request), url, settings), signal: new AbortController().signal };
}

function headersOf({ headers }: IncomingMessage): Pick<Headers, 'get'> {
  return { get: (name) => [headers[name.toLowerCase()] ?? null].flat()[0] ?? null };
}
