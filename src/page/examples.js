import { byId, make } from './dom.js';
import { operation, way } from './mode.js';
import { language, t } from './words.js';

/** What can be said, to be clicked: whole prompts for each way of working, and styles that are put behind a prompt. */

/** Mostly in the page's language, and one in the other: both are understood. */
const scenes = {
  en: [
    'a rocket above a castle, night sky background',
    'a big panda, snow background',
    'a sailboat, ocean background',
    '一只狗在左边，草地背景',
  ],
  zh: [
    '一只狗在左边，草地背景',
    '一个灯笼在一个房子的上方，夜空背景',
    '一只大老虎，红色背景',
    'a big panda, snow background',
  ],
};
const instructions = {
  en: ['change the background to snow', 'add a tree on the right', 'turn it into pixel art', '把背景换成夜空'],
  zh: ['把背景换成雪地', '右边加一棵树', '变成像素画', 'change the background to night sky'],
};
const styles = [
  { en: 'ink wash', zh: '水墨画' },
  { en: 'pixel art', zh: '像素画' },
  { en: 'sketch', zh: '素描' },
  { en: 'at night', zh: '夜晚' },
];

const prompt = /** @type {HTMLTextAreaElement} */ (byId('prompt'));
/** @type {(text: string) => void} */
let write = () => {};

/** @param {(text: string) => void} onWrite puts a text into the prompt */
export function startExamples(onWrite) {
  write = onWrite;
}

/** The examples that suit what the form does now, in the page's language. */
export function showExamples() {
  const follows = operation() === 'EDIT' && way() === 'INSTRUCTION';
  const texts = (follows ? instructions : scenes)[language];
  byId('examples').replaceChildren(
    ...texts.map((text) =>
      chip(text, isChinese(text) ? 'zh' : 'en', () => {
        write(text);
        prompt.focus({ preventScroll: true });
      }),
    ),
  );
  byId('examples').hidden = operation() === 'REFINE' || (operation() === 'EDIT' && !follows);
  byId('styles').hidden = operation() === 'REFINE' || follows;
  byId('styles').replaceChildren(
    make('span', { 'aria-hidden': 'true' }, t('style')),
    ...styles.map((style) => chip(style[language], language, () => write(toggled(style)), style)),
  );
  markStyles();
}

/** Presses the styles that the prompt has. */
export function markStyles() {
  for (const [index, button] of byId('styles').querySelectorAll('button').entries()) {
    const style = styles[index];
    if (style !== undefined) button.setAttribute('aria-pressed', String(has(style)));
  }
}

/** @typedef {{ en: string, zh: string }} Style */

/** @param {Style} style */
const has = ({ en, zh }) => prompt.value.toLowerCase().includes(en) || prompt.value.includes(zh);

/**
 * The prompt with the style instead of any other, or without it where it has it.
 * @param {Style} style
 */
function toggled(style) {
  const words = styles.flatMap(({ en, zh }) => [en, zh]).join('|');
  const plain = prompt.value
    .replaceAll(new RegExp(`\\s*[,，]?\\s*(?:${words})`, 'giu'), '')
    .replace(/^\s*[,，]\s*/u, '');
  if (has(style)) return plain;
  const [name, comma] = isChinese(plain || style[language]) ? [style.zh, '，'] : [style.en, ', '];
  return plain.trim() === '' ? name : `${plain.trimEnd()}${comma}${name}`;
}

/**
 * @param {string} text
 * @param {string} lang
 * @param {() => void} onClick
 * @param {Style} [style] for a button that stays pressed
 */
function chip(text, lang, onClick, style) {
  const button = make('button', { type: 'button', class: 'chip', lang }, text);
  if (style !== undefined) button.setAttribute('aria-pressed', 'false');
  button.addEventListener('click', onClick);
  return button;
}

/** @param {string} text */
function isChinese(text) {
  return /\p{Script=Han}/u.test(text);
}
