/**
 * A sentence in one language: text, or one text for each plural form that the language has.
 * @typedef {string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>)} Sentence
 * @typedef {'en' | 'zh'} Language
 * @typedef {readonly [en: Sentence, zh: Sentence]} Sentences
 */

const plurals = { en: new Intl.PluralRules('en'), zh: new Intl.PluralRules('zh') };

/**
 * Fills `{name}` from the values; the plural form follows `n`.
 * @param {Sentences} sentences
 * @param {Language} language
 * @param {Readonly<Record<string, string | number>>} [values]
 */
export function fill([en, zh], language, values = {}) {
  const sentence = language === 'zh' ? zh : en;
  const form = typeof sentence === 'string' ? sentence : (sentence[formOf(language, values.n)] ?? sentence.other);
  return form.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

/**
 * @param {Language} language
 * @param {string | number | undefined} count
 */
const formOf = (language, count) => plurals[language].select(Number(count));
