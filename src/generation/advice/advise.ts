import { languageOf, type PromptParts, partsOf } from './parts.js';
import { command, judgement, type Language, politeness } from './words.js';

export type AdviceKind = 'POLITENESS' | 'JUDGEMENT' | 'NO_SUBJECT' | 'NO_RELATION' | 'TOO_LONG' | 'TRUNCATED';

export interface Advice {
  readonly kind: AdviceKind;
  /** A sentence in the prompt's language. */
  readonly message: string;
  /** The words of the prompt that it is about. */
  readonly excerpts: readonly string[];
}

export interface PromptAdvice {
  readonly language: Language;
  /** As the model sees them, template included, before truncation. */
  readonly tokens: number;
  readonly maxTokens: number;
  readonly truncated: boolean;
  readonly parts: PromptParts;
  readonly advice: readonly Advice[];
}

export interface Counted {
  readonly tokens: number;
  readonly truncated: boolean;
  readonly maxTokens: number;
}

/** Part of the model's tokens beyond which details begin to be lost, long before any is cut off. */
const CROWDED = 0.5;

/**
 * Rules, not a language model: what in a prompt spreads the sampling or is not seen at all.
 *
 * @see https://github.com/Tongyi-MAI/Z-Image for the form of the prompts that it was trained on
 */
export function advise(prompt: string, counted: Counted): PromptAdvice {
  const language = languageOf(prompt);
  const parts = partsOf(prompt, language);
  const { tokens, truncated, maxTokens } = counted;
  const advice: Advice[] = [];
  const say = (kind: AdviceKind, excerpts: readonly string[], values: Values = {}) =>
    advice.push({ kind, excerpts, message: messages[language][kind]({ words: excerpts.join(', '), ...values }) });

  const requirePrompt = [...found(politeness[language], prompt), ...leadingCommand(prompt, language)];
  if (requirePrompt.length > 0) say('POLITENESS', requirePrompt);
  const praise = found(judgement[language], prompt);
  if (praise.length > 0) say('JUDGEMENT', praise);
  if (parts.subject === null) say('NO_SUBJECT', []);
  else if (parts.relation === null) say('NO_RELATION', []);
  if (truncated) say('TRUNCATED', [], { tokens, maxTokens });
  else if (tokens > maxTokens * CROWDED) say('TOO_LONG', [], { tokens, maxTokens });
  return { language, tokens, maxTokens, truncated, parts, advice };
}

function found(pattern: RegExp, prompt: string): string[] {
  return [...new Set([...prompt.matchAll(pattern)].map(([words]) => words.trim()))];
}

/** The order to draw, where the prompt begins with one, after whatever is said to be polite. */
function leadingCommand(prompt: string, language: Language): string[] {
  const [polite] = prompt.match(new RegExp(`^\\s*(?:${politeness[language].source})[\\s，,]*`, 'iu')) ?? [''];
  const pattern = new RegExp(command[language].source, command[language].flags);
  pattern.lastIndex = polite.length;
  const [words] = pattern.exec(prompt) ?? [];
  return words === undefined || words.trim() === '' ? [] : [words.trim()];
}

interface Values {
  readonly words?: string;
  readonly tokens?: number;
  readonly maxTokens?: number;
}

const messages: Readonly<Record<Language, Readonly<Record<AdviceKind, (values: Values) => string>>>> = {
  ZH: {
    POLITENESS: ({ words }) => `“${words}”是对人说的话，模型看不到任何画面：直接写画面里有什么。`,
    JUDGEMENT: ({ words }) => `“${words}”是评价，没有看得见的含义：改写成颜色、材质、光线或动作。`,
    NO_SUBJECT: () => '没有找到主体：先写画的是什么，例如“一只猫”。',
    NO_RELATION: () => '没有写关系：补充位置、光照或风格，例如“在画面左边，侧逆光，草地背景”。',
    TOO_LONG: ({ tokens, maxTokens }) =>
      `提示词用了 ${maxTokens} 个词元中的 ${tokens} 个：越长，细节越容易丢失，保留主体、属性和关系即可。`,
    TRUNCATED: ({ tokens, maxTokens }) => `提示词有 ${tokens} 个词元，模型只读前 ${maxTokens} 个：后面的内容被截掉了。`,
  },
  EN: {
    POLITENESS: ({ words }) => `“${words}” speaks to a person and shows nothing: say only what is in the image.`,
    JUDGEMENT: ({ words }) =>
      `“${words}” judges without showing anything: say the colour, material, light or movement that you have in mind.`,
    NO_SUBJECT: () => 'No subject was found: begin with what is drawn, such as “a cat”.',
    NO_RELATION: () =>
      'No relation was found: say where it is, how it is lit or in what style, such as “on the left, lit from the side, grass background”.',
    TOO_LONG: ({ tokens, maxTokens }) =>
      `The prompt takes ${tokens} of ${maxTokens} tokens: the longer it is, the more details are lost. Subject, attributes and relation are enough.`,
    TRUNCATED: ({ tokens, maxTokens }) =>
      `The prompt has ${tokens} tokens and the model reads the first ${maxTokens}: the rest is cut off.`,
  },
};
