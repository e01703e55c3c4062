// Reads a Dockerfile as far as ours goes: instructions with their flags, continued lines, comments, exec forms, stages.
import { readFileSync } from 'node:fs';

/**
 * @typedef {{ name: string, flags: Record<string, string>, text: string, words: string[], line: number }} Instruction
 * @typedef {{ base: string, name: string, instructions: Instruction[] }} Stage
 */

/** @returns {Stage[]} in order; the last one is the image */
export function readStages(file) {
  const stages = [];
  for (const instruction of readInstructions(readFileSync(file, 'utf8'))) {
    if (instruction.name === 'FROM') {
      const [base, as, name] = instruction.words;
      stages.push({ base, name: as?.toUpperCase() === 'AS' ? name : String(stages.length), instructions: [] });
    } else if (stages.length === 0) {
      throw new Error(`Line ${instruction.line}: expected FROM first but found ${instruction.name}.`);
    } else {
      stages.at(-1).instructions.push(instruction);
    }
  }
  return stages;
}

/** @returns {Instruction[]} */
function readInstructions(source) {
  const instructions = [];
  let pending = '';
  let first = 0;
  for (const [index, raw] of source.split('\n').entries()) {
    if (/^\s*#/.test(raw) || (raw.trim() === '' && pending === '')) continue;
    if (pending === '') first = index + 1;
    pending += raw.replace(/\\\s*$/, ' ');
    if (/\\\s*$/.test(raw)) continue;
    instructions.push(parse(pending.trim(), first));
    pending = '';
  }
  return instructions;
}

/** @returns {Instruction} */
function parse(statement, line) {
  const [, name, rest] = /^(\w+)\s+(.*)$/s.exec(statement) ?? [];
  if (name === undefined) throw new Error(`Line ${line}: expected an instruction but found "${statement}".`);
  const flags = {};
  let text = rest;
  for (let match = flag(text); match !== null; match = flag(text)) {
    flags[match[1]] = match[2];
    text = text.slice(match[0].length);
  }
  return { name: name.toUpperCase(), flags, text: text.replace(/\s+/g, ' '), words: text.split(/\s+/), line };
}

const flag = (text) => /^--([\w-]+)=(\S+)\s+/.exec(text);

/** The arguments of an exec form (`["node", "x.js"]`), or null for a shell form. */
export function execForm(text) {
  try {
    const words = JSON.parse(text);
    return Array.isArray(words) ? words : null;
  } catch {
    return null;
  }
}

/** `A=1 B=2` as a record. */
export function environment(text) {
  return Object.fromEntries(
    text.split(' ').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

/** What `.dockerignore` lets through: the last line that matches a path or a folder above it decides. */
export function contextFilter(ignoreFile) {
  const rules = readFileSync(ignoreFile, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ kept: line.startsWith('!'), pattern: globPattern(line.replace(/^!/, '').replace(/\/$/, '')) }));
  return (path) => rules.reduce((kept, rule) => (rule.pattern.test(path) ? rule.kept : kept), true);
}

function globPattern(glob) {
  const body = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*\*|\*|\?/g, (star) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' })[star]);
  return new RegExp(`^${body}(?:/|$)`);
}
