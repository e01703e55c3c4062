import { accepted } from './negotiation.js';

const WIDTH = 480;
const LINE = 56;

/** Whether a refusal is better seen than read: the client is the `<img>` of a page. */
export function wantsImage(accept: string | null): boolean {
  const wanted = accepted(accept, ['application/problem+json', 'application/json', 'image/svg+xml'] as const)[0];
  return wanted === 'image/svg+xml' || (wanted === undefined && /\bimage\//i.test(accept ?? ''));
}

/** The refusal as an image that says it, with its status. Nothing keeps it. */
export function problemImage(status: number, sentence: string, headers: Readonly<Record<string, string>>): Response {
  const lines = wrapped(`${status}: ${sentence}`);
  const height = 40 + lines.length * 20;
  const text = lines.map((line, i) => `<tspan x="16" y="${36 + i * 20}">${escaped(line)}</tspan>`).join('');
  const body = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" role="img"><rect width="100%" height="100%" fill="#fff4f4" stroke="#c33"/><text font-family="sans-serif" font-size="14" fill="#611">${text}</text></svg>`;
  return new Response(body, {
    status,
    headers: {
      'content-type': 'image/svg+xml',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      // Opened by itself, an SVG is a document of this origin.
      'content-security-policy': "default-src 'none'; sandbox",
      ...headers,
    },
  });
}

function wrapped(sentence: string): string[] {
  const lines = [''];
  for (const word of sentence.split(' ').flatMap((word) => word.match(new RegExp(`.{1,${LINE}}`, 'gu')) ?? []))
    if (`${lines.at(-1)} ${word}`.length > LINE) lines.push(word);
    else lines[lines.length - 1] = `${lines.at(-1)} ${word}`.trim();
  return lines;
}

const escaped = (text: string) =>
  text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`).replace(/[^\P{Cc}\n]/gu, ' ');
