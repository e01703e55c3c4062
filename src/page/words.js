import { fill } from './sentence.js';

/** @template {Record<string, import('./sentence.js').Sentences>} T @param {T} words */
const sentences = (words) => words;

/** What the page says, in English and Chinese. `{n}` is filled in, and decides the plural form. */
export const words = sentences({
  skip: ['Skip to the prompt', '跳到提示词'],
  elsewhere: ['Elsewhere', '其他页面'],
  api: ['API', '接口'],
  title: ['Say what to draw', '说出你想画的'],
  prompt: ['Prompt', '提示词'],
  examples: ['Examples', '例子'],
  style: ['Style', '风格'],
  hint: ['What is it, how does it look, where does it stand?', '画什么？什么样？在哪里？'],
  hintINSTRUCTION: ['What is to change?', '要改什么？'],
  hintREFINE: ['What the image shows; may be left out', '图里是什么；可以不写'],
  tokens: ['{n} of {max} tokens', '{n} / {max} 词元'],
  size: ['Size', '尺寸'],
  seed: ['Seed', '种子'],
  seedPlaceholder: ['random', '随机'],
  clearSeed: ['Empty the seed', '清空种子'],
  roll: ['Throw a seed', '掷一个种子'],
  more: ['Model, LoRA, steps', '模型、LoRA、步数'],
  loras: ['LoRA', 'LoRA'],
  weightOf: ['Weight of {name}', '{name} 的权重'],
  canGENERATE: ['draws', '能画'],
  canREFINE: ['refines', '能精修'],
  canINPAINT: ['repaints under a mask', '能涂抹重画'],
  canSTRENGTH: ['starts from an image', '能以图为底'],
  canINSTRUCTION: ['follows instructions', '能按指令改'],
  usualSteps: [{ one: '{n} step', other: '{n} steps' }, '{n} 步'],
  canGuide: ['takes guidance', '可引导'],
  model: ['Model', '模型'],
  steps: ['Steps', '步数'],
  count: ['Images', '张数'],
  guidance: ['Guidance', '引导强度'],
  negativePrompt: ['Negative prompt', '负面提示词'],
  draw: ['Draw', '画'],
  GENERATE: ['Draw', '画'],
  EDIT: ['Edit', '改'],
  REFINE: ['Refine', '精修'],
  titleEDIT: ['Say what to change', '说出你想改的'],
  titleREFINE: ['Make it finer', '让它更精细'],
  image: ['The image to change', '要改的图'],
  drop: ['Choose an image, drop one here, or paste it', '选一张图，拖到这里，或粘贴'],
  another: ['Another image', '换一张'],
  scaled: [
    'Made smaller, {width} × {height}, which is what the model takes.',
    '已缩小到 {width} × {height}，即模型能接受的大小。',
  ],
  undo: ['Undo', '撤销'],
  brush: ['Brush', '笔刷'],
  clearMask: ['Clear', '清除'],
  how: ['How', '怎么改'],
  INSTRUCTION: ['As the words say', '按文字指令'],
  STRENGTH: ['Starting from it', '以原图为底'],
  INPAINT: ['Where I paint', '在我涂抹处'],
  FIND: ['Where it needs it', '自动找出需要处'],
  strength: ['Strength', '强度'],
  noImage: ['Choose an image first.', '请先选一张图。'],
  noMask: ['Paint over what is to change first.', '请先涂抹要改的地方。'],
  editThis: ['Edit this image', '改这张'],
  refineThis: ['Refine it', '精修'],
  compare: ['How much of the image before', '之前的图显示多少'],
  before: ['Before', '之前'],
  after: ['After', '之后'],
  regionsFound: [{ one: 'Refined in {n} place.', other: 'Refined in {n} places.' }, '精修了 {n} 处。'],
  noRegions: ['Nothing in it needed refining.', '没有需要精修的地方。'],
  cancel: ['Cancel', '取消'],
  result: ['Image', '图画'],
  empty: ['Your image appears here', '画会出现在这里'],
  progress: ['Progress', '进度'],
  keepSeed: ['keep', '保留'],
  savePng: ['Save as PNG', '存为 PNG'],
  saveWebp: ['Save as WebP', '存为 WebP'],
  share: ["Copy this page's address", '复制本页地址'],
  truncated: [
    'The prompt is longer than the model reads; its end was left out.',
    '提示词超出模型能读的长度，末尾被略去了。',
  ],
  history: ['This visit', '本次所画'],
  restore: ['Back to: {prompt}', '回到：{prompt}'],
  code: ['The same request, from your program', '在你的程序里发出同样的请求'],
  operation: ['Operation', '操作'],
  variables: ['Variables', '变量'],
  follow: ['Live progress', '实时进度'],
  try: ['Open in GraphiQL', '在 GraphiQL 中打开'],
  copy: ['Copy', '复制'],
  copied: ['Copied', '已复制'],
  imageOf: ['Image {n}: {prompt}', '第 {n} 张：{prompt}'],

  sending: ['Sending …', '发送中…'],
  next: ['Next in line …', '马上轮到…'],
  queued: ['Waiting in line, at place {n}', '排队中，第 {n} 位'],
  LOAD: ['Loading the model …', '载入模型…'],
  ENCODE_PROMPT: ['Reading the prompt …', '读提示词…'],
  ENCODE_IMAGE: ['Reading the image …', '读图…'],
  DENOISE: ['Drawing …', '落笔…'],
  DECODE: ['Developing …', '显影…'],
  ENCODE_OUTPUT: ['Finishing …', '收笔…'],
  step: ['Step {n} of {total}', '第 {n} 步，共 {total} 步'],
  lost: ['Connection lost. Taking it up again …', '连接断了，正在接回…'],
  cancelled: ['Cancelled.', '已取消。'],
  failed: ['This image was not made.', '这张没有画成。'],
  done: ['Done.', '画好了。'],

  HIT: ['from memory', '取自记忆'],
  SHARED: ['shared', '与人同得'],
  MISS: ['made now', '新画'],
  took: ['in {time}', '用时 {time}'],
  stageLOAD: ['load', '载入'],
  stageENCODE_PROMPT: ['prompt', '提示词'],
  stageENCODE_IMAGE: ['source', '原图'],
  stageDENOISE: ['steps', '步进'],
  stageDECODE: ['decode', '解码'],
  stageENCODE_OUTPUT: ['output', '输出'],

  full: ['Too many are waiting. Trying again in {n} s.', '排队已满，{n} 秒后再试。'],
  restarting: ['The server is about to stop. Trying again in {n} s.', '服务器即将停止，{n} 秒后再试。'],
  notAnImage: [
    'Expected an image in PNG, JPEG, WebP, AVIF or GIF but received {name}.',
    '“{name}”不是能读取的图片，请用 PNG、JPEG、WebP、AVIF 或 GIF。',
  ],
  fileGone: ['The file is not on this page any more. Please choose it again.', '页面上已没有这个文件，请重新选择。'],
  imageGone: [
    'That image is not on the server any more. Please choose another one.',
    '那张图已不在服务器上，请另选一张。',
  ],
  maskGone: [
    'What was painted is not on this page any more. Please paint it again.',
    '页面上已没有涂抹的内容，请重新涂抹。',
  ],
  pageFailed: ['This page ran into an error: {message}', '页面出错了：{message}'],
  unreachable: ['The server does not answer. Is it running?', '服务器没有应答。它在运行吗？'],
  key: ['Access key', '访问密钥'],
  keyHint: [
    'The server printed it when it started, unless ACCESS_KEY was set.',
    '服务器启动时打印了它，除非设置了 ACCESS_KEY。',
  ],
  enter: ['Enter', '进入'],
  wrongKey: ['That is not the key.', '密钥不对。'],
});

/** @typedef {keyof typeof words} Word */

const stored = 'inkstone.language';
const chosen = read() ?? (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');

/** The language of the page. @type {'en' | 'zh'} */
export let language = chosen === 'zh' ? 'zh' : 'en';

/**
 * @param {Word} word
 * @param {Readonly<Record<string, string | number>>} [values]
 */
export function t(word, values) {
  return fill(words[word], language, values);
}

/** What stands in an element now, so that it can be said again in the other language. @type {Map<HTMLElement, () => string>} */
const spoken = new Map();

/**
 * Writes a sentence into an element, where it follows the language of the page.
 * @param {HTMLElement} element
 * @param {(() => string) | null} sentence null for none
 */
export function speak(element, sentence) {
  if (sentence === null) spoken.delete(element);
  else spoken.set(element, sentence);
  element.textContent = sentence === null ? '' : sentence();
}

/** Writes the page's language into everything marked with `data-t`, `data-t-label` or `data-t-placeholder`. */
export function translate() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-t], [data-t-label], [data-t-placeholder]')) {
    const { t: word, tLabel, tPlaceholder } = /** @type {HTMLElement} */ (element).dataset;
    if (word !== undefined) element.textContent = t(/** @type {Word} */ (word));
    if (tLabel !== undefined) {
      element.setAttribute('aria-label', t(/** @type {Word} */ (tLabel)));
      if (element.hasAttribute('title')) element.setAttribute('title', t(/** @type {Word} */ (tLabel)));
    }
    if (tPlaceholder !== undefined) element.setAttribute('placeholder', t(/** @type {Word} */ (tPlaceholder)));
  }
  for (const [element, sentence] of spoken) element.textContent = sentence();
}

/** Changes between the two languages and remembers it. */
export function toggleLanguage() {
  language = language === 'zh' ? 'en' : 'zh';
  try {
    localStorage.setItem(stored, language);
  } catch {
    // Storage can be forbidden; the choice then lasts for this page.
  }
  translate();
}

function read() {
  try {
    return localStorage.getItem(stored);
  } catch {
    return null;
  }
}
