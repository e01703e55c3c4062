import { ConfigError, readConfig } from './config.js';
import { createLog } from './local.js';
import { type Opened, openServer } from './serve.js';

/** The program as hosts without containers call it: a function of a request. */
export interface Handler {
  /** Opens the program with the first request. */
  fetch(request: Request): Promise<Response>;
  /** Hands over what runs, and closes the stores. */
  close(): Promise<void>;
}

/**
 * The API as a `fetch` handler, on Node: with `QUEUE_URL` it is one of a fleet and has no engine, without it is all in this process.
 *
 * @param env the settings that `inkstone serve` reads from the environment; `ACCESS_KEY` is among them, since such a host is public
 * @throws ConfigError
 */
export function createHandler(env: Readonly<Record<string, string | undefined>> = process.env): Handler {
  const settings = readConfig(env);
  const { ACCESS_KEY: key, LOG_LEVEL } = settings.http;
  if (key === undefined)
    throw new ConfigError('ACCESS_KEY: expected a key of at least 16 characters but received none.');
  let opening: Promise<Opened> | null = null;
  const open = () => {
    opening ??= openServer(settings, createLog(LOG_LEVEL), { engine: settings.jobs.QUEUE_URL === undefined, key });
    // A later request tries again.
    opening.catch(() => {
      opening = null;
    });
    return opening;
  };
  return {
    fetch: async (request) => (await open()).server.fetch(request),
    async close() {
      const opened = await opening?.catch(() => null);
      await opened?.close();
    },
  };
}
