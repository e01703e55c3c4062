import { adjective, command, judgement, type Language, politeness, relations } from './words.js';

/** What a prompt says, in the form that works best: subject + attributes + relation. */
export interface PromptParts {
  /** Null where none was found. */
  readonly subject: string | null;
  readonly attributes: readonly string[];
  /** Where it is, how it is lit, in what style: null where none of them is said. */
  readonly relation: string | null;
}

const separators = /[，。；！？,.;!?\n]+/u;
/** A run that ends the text is looked at from its first character only: from each of them would take time that grows as its square. */
const edges = /^[\s，。；！？、,.;!?:：]+|(?<![\s，。；！？、,.;!?:：])[\s，。；！？、,.;!?:：]+$/gu;

/** Chinese where at least as many of its characters are Han as there are words in Latin letters. */
export function languageOf(prompt: string): Language {
  const han = prompt.match(/\p{Script=Han}/gu)?.length ?? 0;
  const words = prompt.match(/\p{Script=Latin}+/gu)?.length ?? 0;
  return han > 0 && han >= words ? 'ZH' : 'EN';
}

export function partsOf(prompt: string, language: Language): PromptParts {
  const clauses = toDescription(prompt, language)
    .split(separators)
    .map(trimmed)
    .filter((clause) => clause !== '');
  const related: string[] = [];
  const rest: string[] = [];
  for (const clause of clauses) {
    const { said, left } = relationsIn(clause, language);
    related.push(...said);
    if (left !== '') rest.push(left);
  }
  const [first, ...others] = rest;
  const { subject, attributes } = first === undefined ? nothing : headOf(first, language);
  return {
    subject,
    attributes: [...attributes, ...others],
    relation: related.length === 0 ? null : related.join(language === 'ZH' ? '，' : ', '),
  };
}

const nothing = { subject: null, attributes: [] };

/** Without what is said to a person, the order to draw, and praise. */
function toDescription(prompt: string, language: Language): string {
  const requirePrompt = trimmed(prompt.replace(politeness[language], ' '));
  const pattern = new RegExp(command[language].source, command[language].flags);
  const ordered = requirePrompt.replace(pattern, '');
  return ordered.replace(judgement[language], ' ');
}

/** What a clause says of style, light and place, and what is left of it. */
function relationsIn(clause: string, language: Language): { said: readonly string[]; left: string } {
  const said: string[] = [];
  let left = clause;
  for (const kind of relations[language]) {
    const found = kind
      .map((pattern) => pattern.exec(left)?.[0].trim())
      .find((words) => words !== undefined && words !== '');
    if (found === undefined) continue;
    said.push(found);
    left = trimmed(left.replace(found, ' '));
  }
  return { said, left };
}

/** The noun of the first clause, and what stands before it to describe it. */
function headOf(clause: string, language: Language): PromptParts {
  if (language === 'ZH') {
    const plain = clause.replace(/^[有是的]+|(?<![有是的])[有是的]+$/gu, '').replace(/\s+/gu, '');
    const at = plain.lastIndexOf('的', plain.length - 2);
    if (at < 0) return { subject: plain === '' ? null : plain, attributes: [], relation: null };
    const described = plain.slice(0, at).replace(/^(?:[一两二三四五六七八九十\d]\p{Script=Han})/u, '');
    return { subject: plain.slice(at + 1), attributes: described === '' ? [] : [described], relation: null };
  }
  const words = clause
    .replace(/^(?:an? )?(?:photo|image|picture|drawing|painting|illustration) of\b/iu, '')
    .trim()
    .split(/\s+/u)
    .filter((word) => !/^(?:an?|the|some|of|and|is|are|there)$/iu.test(word));
  const noun = words.findIndex((word) => !adjective.test(word));
  if (noun < 0) return { subject: words.length === 0 ? null : words.join(' '), attributes: [], relation: null };
  return { subject: words.slice(noun).join(' '), attributes: words.slice(0, noun), relation: null };
}

const trimmed = (text: string) => text.replace(/\s+/gu, ' ').replace(edges, '');
