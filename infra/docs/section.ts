import { readFileSync, writeFileSync } from 'node:fs';

/**
 * The page with `text` in the section between `<!-- name -->` and `<!-- /name -->`, which a command writes.
 *
 * @throws Error where the page has no such section
 */
export function withSection(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`Expected a section ${begin} … ${end} but received a page without it.`);
  return `${page.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${page.slice(to)}`;
}

/** Writes a section of a page of docs/. */
export function writeSection(file: string, name: string, text: string): void {
  const path = new URL(`../../docs/${file}`, import.meta.url);
  writeFileSync(path, withSection(readFileSync(path, 'utf8'), name, text));
}
