/** By what an edge purges: Cloudflare reads `Cache-Tag`, Fastly and Varnish `Surrogate-Key`. */
export function tagHeaders(tags: readonly string[]): Record<string, string> {
  return { 'cache-tag': tags.join(','), 'surrogate-key': tags.join(' ') };
}
