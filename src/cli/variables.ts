import { type SectionName, sections } from '../app/config.js';

/**
 * Which environment variables a command reads, as the end of its help.
 *
 * @param names sections, and single variables
 */
export function variablesOf(...names: readonly (SectionName | Uppercase<string>)[]): string {
  const variables = names.flatMap((name) =>
    name in sections ? Object.keys(sections[name as SectionName].schema.shape) : [name],
  );
  return `\n${wrapped(`Environment variables, told in docs/configuration.md: ${variables.join(', ')}`)}`;
}

const columns = 100;

function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line.length + word.length < columns) lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines.join('\n');
}
