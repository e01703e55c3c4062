import * as http from 'node:http';
import * as https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';

/** Beyond this, an answer's header is no image's. */
const headerBytes = 16 * 1024;

/**
 * Asks for one address at machines that were looked up and checked before: no name is looked up here, so that nobody can have it lead
 * elsewhere meanwhile. Follows nothing, unpacks nothing, sends no cookie, keeps no connection, and asks no proxy: an agent of its own
 * reads no environment.
 */
export function httpGet(url: URL, addresses: readonly string[], signal: AbortSignal): Promise<http.IncomingMessage> {
  const { request } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const asking = request(url, {
      agent: false,
      lookup: pinnedTo(addresses),
      signal,
      maxHeaderSize: headerBytes,
      headers: {
        accept: 'image/png, image/jpeg, image/webp, image/avif, image/gif',
        'accept-encoding': 'identity',
        'user-agent': 'Inkstone',
      },
    });
    asking.once('response', resolve);
    // Not once: what breaks after the answer has begun is told to whoever reads its body, and here as well.
    asking.on('error', reject);
    // An answer that switches protocols ends without one and without an error.
    asking.once('close', () => reject(new ConnectionClosed()));
    asking.end();
  });
}

/** The other side ended before it answered. */
export class ConnectionClosed extends Error {
  readonly code = 'ConnectionClosed';
}

function pinnedTo(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, { all }, answer) => {
    const [first] = found;
    if (all === true || first === undefined) answer(null, found);
    else answer(null, first.address, first.family);
  };
}
