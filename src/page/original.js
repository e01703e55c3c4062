import { graphql, here } from './api.js';
import { coverWith } from './brush.js';
import { byId } from './dom.js';
import { NotHere, registerUpload, uploaded } from './uploads.js';
import { speak, t } from './words.js';

/** The image that is to be changed: one of the server's, or a file of the visitor's. */

/** @typedef {{ image: { id: string } | { upload: string }, address: string, width: number, height: number }} Original */

const canvas = /** @type {HTMLCanvasElement} */ (byId('original-image'));
const box = byId('original');
let largest = Number.POSITIVE_INFINITY;
/** @type {Original | null} */
let current = null;
/** Why the last file was not taken. @type {(() => string) | null} */
let refused = null;
/** Of several images that are read at once, the last one counts. */
let turn = 0;
/**
 * @typedef {object} Handlers
 * @property {() => void} onChange
 * @property {() => void} onFile when a file comes, before it is read
 * @property {(sentence: () => string) => void} onRefusal
 * @property {(error: unknown) => void} onError
 */
/** @type {Handlers} */
let handlers = { onChange() {}, onFile() {}, onRefusal() {}, onError() {} };

export const original = () => current;
export const refusedFile = () => refused;

/** @param {Handlers} given */
export function startOriginal(given) {
  handlers = given;
  const file = /** @type {HTMLInputElement} */ (byId('file'));
  file.addEventListener('change', () => {
    takeFile(file.files?.[0]);
    file.value = ''; // so that the same file can be chosen again
  });
  // Anywhere on the page: a browser opens what is dropped beside a small target, and the page is gone.
  document.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    box.classList.add('over');
  });
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) box.classList.remove('over');
  });
  document.addEventListener('drop', (event) => {
    const dropped = event.dataTransfer?.files[0];
    box.classList.remove('over');
    if (dropped === undefined) return;
    event.preventDefault();
    takeFile(dropped);
  });
  document.addEventListener('paste', (event) => {
    const pasted = event.clipboardData?.files[0];
    if (pasted === undefined) return;
    event.preventDefault();
    takeFile(pasted);
  });
}

/** @param {File | undefined} file */
function takeFile(file) {
  if (file === undefined) return;
  handlers.onFile();
  readFile(file).catch(handlers.onError);
}

/** @param {File} file */
async function readFile(file) {
  const mine = ++turn;
  const bitmap = await createImageBitmap(file).catch(() => null);
  const image = bitmap === null ? null : await sendable(file, bitmap);
  if (mine !== turn) return;
  if (bitmap === null || image === null) return refuseFile(() => t('notAnImage', { name: file.name }));
  const { blob, width, height } = image;
  await show({ upload: registerUpload(async () => blob) }, blob);
  speak(byId('scaled'), width < bitmap.width || height < bitmap.height ? () => t('scaled', { width, height }) : null);
}

/**
 * A file that cannot be used is said at once, and stands in the way of drawing until another one is chosen.
 * @param {() => string} sentence
 */
function refuseFile(sentence) {
  forget('unreadable');
  refused = sentence;
  handlers.onChange();
  handlers.onRefusal(sentence);
}

/** Nothing is to be changed: an earlier request's file is not on this page any more, or none was chosen. */
export function forgetOriginal() {
  if (current === null && refused === null) return;
  forget('empty');
  handlers.onChange();
}

/** @param {'empty' | 'unreadable'} state */
function forget(state) {
  turn++;
  current = null;
  refused = null;
  box.dataset.state = state;
  box.style.removeProperty('--ratio');
  canvas.width = 0;
  speak(byId('scaled'), null);
  coverWith({ width: 1, height: 1 });
}

/** What the server reads, if it is not larger than any server takes. */
const formats = ['image/png', 'image/jpeg', 'image/webp', 'image/avif', 'image/gif'];
const manyBytes = 8 * 2 ** 20;

/**
 * The file as it is, where the server takes it; else made a PNG, as large as the models take: under a mask the server would refuse
 * a larger one, which promises every other pixel unchanged.
 * @param {File} file
 * @param {ImageBitmap} bitmap
 * @returns {Promise<{ blob: Blob, width: number, height: number }>}
 */
async function sendable(file, bitmap) {
  const { width, height } = bitmap;
  const factor = Math.min(1, largest / Math.max(width, height));
  if (factor === 1 && formats.includes(file.type) && file.size <= manyBytes) return { blob: file, width, height };
  const side = (/** @type {number} */ whole) => Math.max(1, Math.round(whole * factor));
  const copy = new OffscreenCanvas(side(width), side(height));
  const context = copy.getContext('2d');
  if (context === null) throw new Error('This browser gives no canvas.');
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, copy.width, copy.height);
  return { blob: await copy.convertToBlob({ type: 'image/png' }), width: copy.width, height: copy.height };
}

/** @param {number} pixels the longest side of an image that a model takes */
export function limitOriginal(pixels) {
  largest = pixels;
}

/**
 * The image that a request changes, where the server or this page still has it.
 * @param {import('./api.js').FormInput['image']} image
 */
export async function takeSource(image) {
  if (image === undefined || (current !== null && JSON.stringify(current.image) === JSON.stringify(image))) return;
  if ('id' in image) return takeImage(image.id);
  await show(image, await uploaded(image.upload));
}

/**
 * An image of the server's, by its id.
 * @param {string} id
 */
export async function takeImage(id) {
  /** @type {{ image: { url: string } | null }} */
  const { image } = await graphql('query Original($id: ID!) { image(id: $id) { url } }', { id });
  if (image === null) throw new NotHere('imageGone');
  await show({ id }, here(image.url));
}

/**
 * @param {Original['image']} request
 * @param {string | Blob} source its address, or what it holds
 */
async function show(request, source) {
  const mine = ++turn;
  const address = typeof source === 'string' ? source : URL.createObjectURL(source);
  const image = new Image();
  image.src = address;
  await image.decode();
  if (mine !== turn) return;
  const { naturalWidth: width, naturalHeight: height } = image;
  current = { image: request, address, width, height };
  refused = null;
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.drawImage(image, 0, 0);
  box.dataset.state = 'shown';
  box.style.setProperty('--ratio', String(width / height));
  speak(byId('scaled'), null);
  coverWith({ width, height });
  handlers.onChange();
}
