import { fill } from './sentence.js';

/**
 * What the page says of a problem: a sentence per `ProblemCode` of the API, made of the problem's parameters.
 * @typedef {import('./sentence.js').Language} Language
 * @typedef {import('./sentence.js').Sentences} Sentences
 * @typedef {{ code?: string, message: string, parameters?: readonly { name: string, value: string }[] }} Told
 */

/** @type {Readonly<Record<string, Sentences>>} */
export const problemWords = {
  INVALID_VALUE: ['{field}: expected {expected} but received {received}.', '{field}：不能用“{received}”。'],
  OUT_OF_RANGE: [
    '{field}: expected {min} to {max} but received {received}.',
    '{field}：应在 {min} 到 {max} 之间，收到的是 {received}。',
  ],
  INVALID_SIZE: [
    '{field}: expected a multiple of {multipleOf} from {min} to {max} but received {received}.',
    '{field}：应为 {min} 到 {max} 之间 {multipleOf} 的倍数，收到的是 {received}。',
  ],
  TOO_MANY_PIXELS: ['Expected at most {max} pixels in all but received {received}.', '像素太多：一共最多 {max} 像素。'],
  EMPTY: ['{field}: expected some words but received none.', '{field}：请写点什么。'],
  TOO_LONG: ['{field}: expected at most {max} {unit} but received {received}.', '{field}：太长，最多 {max} {unit}。'],
  INVALID_TEXT: [
    '{field}: expected valid text but received broken characters.',
    '{field}：文字里有损坏的字符，请重新输入。',
  ],
  TOO_MANY: [
    '{field}: expected at most {max} but received {received}.',
    '{field}：最多 {max} 个，收到的是 {received} 个。',
  ],
  DUPLICATE: ['{field}: expected each only once but received {received} again.', '{field}：“{received}”重复了。'],
  REQUIRED: ['{field}: expected {expected} but received nothing.', '{field}：这里不能留空。'],
  CONFLICT: [
    '{field} and {with} exclude each other: expected one but received both.',
    '{field}和{with}不能同时用，请只留一个。',
  ],
  NOT_SUPPORTED: ['{field}: the model {model} cannot do that.', '{field}：模型 {model} 做不到。'],
  NOT_ALLOWED: ['{field}: this server is set up not to do that.', '{field}：这个服务器不允许这样做。'],
  UNKNOWN_LORA: ['There is no LoRA {received} for this model.', '这个模型没有名为“{received}”的 LoRA。'],
  UNUSABLE_LORA: ['The file of this LoRA {fault}.', '这个 LoRA 的文件{fault}，不能用。'],
  UNREADABLE_IMAGE: [
    'Expected an image in PNG, JPEG, WebP, AVIF or GIF but received {received}.',
    '这个文件不是能读取的图片，请用 PNG、JPEG、WebP、AVIF 或 GIF。',
  ],
  IMAGE_TOO_SMALL: [
    'The image is too small: expected at least {min} pixels on each side but received {received}.',
    '图片太小：每边至少 {min} 像素。',
  ],
  IMAGE_TOO_LARGE: [
    'The image is too large: expected at most {max} pixels on each side but received {received}.',
    '图片太大：每边最多 {max} 像素。',
  ],
  WRONG_SHAPE: [
    '{field}: its width and height do not fit; expected {expected} but received {received}.',
    '{field}：宽高比例不合适。',
  ],
  EMPTY_MASK: ['Nothing is painted: paint over what is to change.', '还没有涂抹：请涂抹要改的地方。'],
  OUTSIDE_IMAGE: [
    '{field}: expected a place inside of the image, {width} × {height}, but received {received}.',
    '{field}：超出了图片（{width} × {height}）。',
  ],
  INVALID_ADDRESS: [
    'Expected an http or https address but received {received}.',
    '“{received}”不是 http 或 https 地址。',
  ],
  ADDRESS_NOT_ALLOWED: ['This server does not fetch from that address.', '这个服务器不从该地址取图。'],
  UNREACHABLE_ADDRESS: ['No image came from that address.', '没能从该地址取到图。'],
  UNKNOWN_MODEL: [
    'There is no model {received} here; there is {available}.',
    '这里没有名为“{received}”的模型，可用的有：{available}。',
  ],
  UNUSABLE_MODEL: ['The files of this model {fault}.', '这个模型的文件{fault}，不能用。'],
  UNUSABLE_FINDER: [
    'What finds the places to refine cannot be used here: paint over them instead.',
    '这里不能自动找出需要精修的地方，请改为涂抹。',
  ],
  FILES_CHANGED: [
    'Files of the model were replaced meanwhile. Please try again.',
    '其间模型的文件被替换了，请再试一次。',
  ],
  QUEUE_FULL: ['Too many are waiting. Please try again in a moment.', '排队已满，请稍后再试。'],
  QUEUE_UNAVAILABLE: [
    'The queue cannot be reached. Please try again in a moment.',
    '暂时无法连接任务队列，请稍后再试。',
  ],
  SERVER_STOPPING: ['The server is about to stop. Please try again in a moment.', '服务器即将停止，请稍后再试。'],
  NOT_CACHED: ['This image is not in the cache.', '这张图不在缓存里。'],
  NOT_FOUND: ['This image is not here any more.', '这张图已经不在了。'],
  ENGINE_LOST: [
    'The engine stopped while drawing and is started again. Please try again.',
    '作画时引擎中断，正在重启，请再试一次。',
  ],
  INTERRUPTED: [
    'The server stopped before the image was finished. Please try again.',
    '还没画完服务器就停了，请再试一次。',
  ],
  DEADLINE_EXCEEDED: [
    'It took longer than allowed. A smaller size or fewer steps are faster.',
    '超过了允许的时间。尺寸小些或步数少些会更快。',
  ],
  NON_FINITE: [
    'The model computed no image with these settings. Another seed or less guidance may help.',
    '用这些设置模型没能算出图。可以换个种子或降低引导强度。',
  ],
  OUT_OF_MEMORY: [
    'The server had no memory left for this image. Please try again later, or smaller.',
    '服务器内存不够画这张图，请稍后再试，或改小尺寸。',
  ],
  SOURCE_GONE: [
    'The image to change is not on the server any more. Please choose it again.',
    '要改的图已不在服务器上，请重新选择。',
  ],
  STORAGE_UNAVAILABLE: [
    'The server cannot keep an image at the moment: its disk is full or does not take it. Please try again later.',
    '服务器暂时无法保存图片（磁盘已满或不可写），请稍后再试。',
  ],
  FAILED: ['Something unexpected went wrong on the server.', '服务器出了意外的问题。'],
};

/** What is wrong with the request itself, by `extensions.code` of a GraphQL error or by the status of an answer. @type {Readonly<Record<string, Sentences>>} */
export const errorWords = {
  BAD_USER_INPUT: ['{field}: this value cannot be used.', '{field}：这个值不能用。'],
  INTERNAL_SERVER_ERROR: problemWords.FAILED ?? ['', ''],
  413: [
    'The file is too large for this server. A smaller image will do.',
    '文件太大，服务器不接收。请换一张小些的图。',
  ],
  429: ['Too many requests. Please wait a moment.', '请求太频繁，请稍等。'],
  503: ['The server is busy. Please try again in a moment.', '服务器正忙，请稍后再试。'],
};

/** @type {Sentences} */
const otherError = ['{message}', '服务器不接受这个请求：{message}'];

/** What the fields of the API are called on the page. @type {Readonly<Record<string, Sentences>>} */
export const fieldWords = {
  prompt: ['Prompt', '提示词'],
  negativePrompt: ['Negative prompt', '负面提示词'],
  seed: ['Seed', '种子'],
  steps: ['Steps', '步数'],
  count: ['Images', '张数'],
  model: ['Model', '模型'],
  guidance: ['Guidance', '引导强度'],
  strength: ['Strength', '强度'],
  loras: ['LoRA', 'LoRA'],
  weight: ['LoRA weight', 'LoRA 权重'],
  width: ['Width', '宽度'],
  height: ['Height', '高度'],
  image: ['Image', '图片'],
  mask: ['Mask', '蒙版'],
  references: ['Reference images', '参考图'],
  regions: ['Regions', '区域'],
};

/** @type {Readonly<Record<string, Sentences>>} */
const units = { BYTES: ['bytes', '字节'], CHARACTERS: ['characters', '字符'], TOKENS: ['tokens', '词元'] };

/** @type {Sentences} */
const unusable = ['cannot be used', '有问题'];

/** What is the matter with a file. @type {Readonly<Record<string, Sentences>>} */
const faults = {
  MISSING: ['cannot be found', '找不到'],
  DAMAGED: ['cannot be read', '已损坏'],
  CHANGING: ['did not stay the same while being read', '正在被替换'],
  TOO_LARGE: ['took more memory than there is', '需要的内存超出可用'],
  UNSUITABLE: ['did not fit', '不合适'],
};

/**
 * The sentence for a problem; the server's own, which is English, where the page has none for its code.
 * @param {Told} problem
 * @param {Language} language
 */
export function problemSentence({ code = '', message, parameters = [] }, language) {
  const values = Object.fromEntries(parameters.map(({ name, value }) => [name, value]));
  const words = problemWords[code];
  if (words === undefined) return withoutTicks(message);
  const unit = units[values.unit ?? ''];
  const sentence = fill(words, language, {
    ...values,
    field: fieldName(values.field, language),
    with: fieldName(values.with, language),
    fault: fill(faults[values.fault ?? ''] ?? unusable, language),
    unit: unit === undefined ? '' : fill(unit, language),
  });
  return withoutTicks(sentence);
}

/**
 * The sentence for a GraphQL error or the status of an answer. In English the server's own says more.
 * @param {{ code?: string | undefined, status: number, field?: string, message: string }} error
 * @param {Language} language
 */
export function errorSentence({ code = '', status, field = '', message }, language) {
  if (language === 'en' && field !== '') return withoutTicks(message);
  const words = errorWords[status] ?? (field === '' ? errorWords[code] : errorWords.BAD_USER_INPUT);
  return withoutTicks(fill(words ?? otherError, language, { field: fieldName(field, language), message }));
}

/**
 * What a field of the API is called: `loras.0.weight` is the weight of a LoRA, `image.upload` the image.
 * @param {string | undefined} path
 * @param {Language} language
 */
export function fieldName(path, language) {
  const known = (path ?? '').split('.').findLast((part) => part in fieldWords);
  const words = known === undefined ? undefined : fieldWords[known];
  return words === undefined ? (path ?? '') : fill(words, language);
}

/** Names for programmers are marked with backticks. @param {string} text */
const withoutTicks = (text) => text.replaceAll('`', '');
