/** Numbers that look drawn and are the same in every run (mulberry32). */
export function drawer(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number) => Math.floor(next() * count);
  const oneOf = <T>(items: readonly T[]): T => items[below(items.length)]!;
  return { below, oneOf, chance: (share: number) => next() < share };
}

type Drawer = ReturnType<typeof drawer>;

const paths = [
  '/',
  '/graphql',
  '/graphql',
  '/graphql',
  '/login',
  '/images/',
  `/images/${'0'.repeat(64)}`,
  '/healthz',
  '/readyz',
  '/schema.graphql',
  '/main.js',
  '//graphql',
  '/../etc/passwd',
  '/%2e%2e/%00',
  '/ink',
  '*',
  'http://evil.example/',
  '/images/%ff',
  '/graphql/%',
  '',
];
const queries = [
  '',
  '?',
  '?query={models{name}}',
  '?query={',
  '?variables={',
  '?query={models{name}}&variables=[1]',
  '?query={models{name}}&extensions="x"',
  '?w=1e9',
  '?%',
  '?query=%ff',
  `?query=${'{a'.repeat(300)}`,
  '?query={__typename}&operationName=%00',
  '?w=-1&h=NaN&q=1&q=2',
];
const methods = ['GET', 'POST', 'POST', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'QUERY'];
const types = [
  'application/json',
  'application/json; charset=utf-16',
  'application/graphql',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'multipart/form-data; boundary=x',
  'multipart/form-data; boundary=',
  'text/plain',
  'application/json, text/html',
  ';',
  'application/JSON;;',
  '\u00ff',
];
const values = [
  '',
  'x',
  ',',
  ';q=0',
  '*/*;q=2',
  'text/event-stream',
  'text/html',
  'application/json;q=abc',
  '"',
  '\\"',
  '()',
  'a'.repeat(3000),
  ','.repeat(3000),
  '0',
  '-1',
  '99999999999999999999',
  'Bearer ',
  'Bearer x',
  'Basic eA==',
  'inkstone_session=1.2.3',
  'null',
  'https://evil.example',
  'gzip',
  'chunked, gzip',
  'bytes=0-',
  '00-00000000000000000000000000000000-0000000000000000-00',
  '\u00e9\u00ff',
];
const names = [
  'accept',
  'accept-encoding',
  'content-encoding',
  'origin',
  'host',
  'cookie',
  'authorization',
  'if-none-match',
  'traceparent',
  'tracestate',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-prefix',
  'last-event-id',
  'range',
  'expect',
  'x-graphql-yoga-csrf',
  'access-control-request-method',
  'upgrade',
  'connection',
  'te',
  'via',
];
const json = [
  '{}',
  '[]',
  'null',
  '1',
  '"x"',
  '{',
  '{"query":1}',
  '{"query":"{ models { name } }"}',
  '{"query":"{ models { name } }","variables":"x"}',
  '{"query":"{ models { name } }","extensions":[]}',
  '{"query":"","extensions":{"persistedQuery":{"version":1,"sha256Hash":1}}}',
  '{"__proto__":{"query":"{a}"},"query":null}',
  `{"query":"{ ${'x'.repeat(5000)} }"}`,
  '['.repeat(20_000),
  `{"query":"query($i:GenerateInput!){a}","variables":${'{"i":'.repeat(3000)}1${'}'.repeat(3000)}}`,
  '{"query":"mutation($i:GenerateInput!){generate(input:$i){__typename}}","variables":{"i":{"prompt":"\\ud800","seed":1e400}}}',
  '{"query":"mutation{generate(input:{prompt:\\"\\",cache:ONLY}){__typename}}"}',
  '{"query":"subscription{generationProgress(id:\\"x\\"){__typename}}"}',
  '{"query":"{node(id:\\"\\u0000\\"){id}}"}',
  '\u0000\u00ff',
];
const forms = [
  'query={models{name}}',
  'variables={',
  'key=%',
  '--x\r\n',
  '--x--\r\n',
  '--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{}\r\n--x--\r\n',
  '--x\r\ncontent-disposition: form-data; name="operations"; filename="a"\r\n\r\n{"query":"{a}"}\r\n--x\r\ncontent-disposition: form-data; name="map"\r\n\r\n{"0":["variables.__proto__.x"]}\r\n--x--\r\n',
  '--x\r\ncontent-disposition: form-data; name="constructor"\r\n\r\n1\r\n--x--\r\n',
];

/** A request that no client would send, as it goes over the wire. */
export function hostileRequest({ below, oneOf, chance }: Drawer): Buffer {
  const headers = [`host: ${chance(0.95) ? 'localhost' : oneOf(values)}`, 'connection: close'];
  if (chance(0.8)) headers.push(`content-type: ${oneOf(types)}`);
  for (let i = below(5); i > 0; i--) headers.push(`${oneOf(names)}: ${oneOf(values)}`);
  const method = oneOf(methods);
  const body =
    method === 'GET' || method === 'HEAD' ? '' : broken(chance(0.7) ? oneOf(json) : oneOf(forms), { below, chance });
  const bytes = Buffer.from(body, chance(0.5) ? 'utf8' : 'latin1');
  const chunked = chance(0.2);
  headers.push(chunked ? 'transfer-encoding: chunked' : `content-length: ${bytes.length}`);
  const sent = chunked
    ? [`${bytes.length.toString(16)}\r\n`, bytes, bytes.length > 0 ? '\r\n0\r\n\r\n' : '\r\n']
    : [bytes];
  const head = `${method} ${oneOf(paths)}${oneOf(queries)} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`;
  return Buffer.concat([
    Buffer.from(broken(head, { below, chance }, 0.05), 'latin1'),
    ...sent.map((part) => Buffer.from(part as string)),
  ]);
}

/** Now and then with a few characters that are others. */
function broken(text: string, { below, chance }: Pick<Drawer, 'below' | 'chance'>, share = 0.3): string {
  if (text === '' || !chance(share)) return text;
  const at = below(text.length);
  return text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at + below(3));
}
