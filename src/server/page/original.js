import { graphql, here } from './api.js';
import { coverWith } from './brush.js';
import { byId } from './dom.js';
import { uploaded, willUpload } from './uploads.js';
import { say } from './words.js';

/** The picture that is to be changed: one of the server's, or a file of the visitor's. */

/**
 * @typedef {{ image: { id: string } | { upload: string }, address: string, width: number, height: number, readable: boolean }} Original
 * not readable: by this browser; the server may say better why a file is no picture
 */

const canvas = /** @type {HTMLCanvasElement} */ (byId('original-picture'));
const box = byId('original');
const field = /** @type {HTMLElement} */ (box.closest('[data-field]'));
let largest = Number.POSITIVE_INFINITY;
/** @type {Original | null} */
let current = null;
/** @type {() => void} */
let changed = () => {};
/** @type {() => void} */
let unasked = () => {};

export const original = () => current;

/**
 * @param {() => void} onChange
 * @param {() => void} onUnasked when a picture comes although the form has no place for one
 */
export function startOriginal(onChange, onUnasked) {
  changed = onChange;
  unasked = onUnasked;
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
async function takeFile(file) {
  if (file === undefined) return;
  if (field.hidden) unasked();
  const smaller = await scaledDown(file);
  byId('scaled').textContent = smaller === null ? '' : say('scaled', smaller.size);
  const picture = smaller === null ? file : smaller.picture;
  await show({ upload: willUpload(async () => picture) }, picture);
}

/**
 * What no model takes is made as large as one does: under a mask the server itself would refuse it, which promises every other pixel
 * unchanged.
 * @param {File} file
 * @returns {Promise<{ picture: Blob, size: { width: number, height: number } } | null>} null where it can stay, or cannot be read
 */
async function scaledDown(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (bitmap === null || Math.max(bitmap.width, bitmap.height) <= largest) return null;
  const factor = largest / Math.max(bitmap.width, bitmap.height);
  const side = (/** @type {number} */ whole) => Math.max(1, Math.round(whole * factor));
  const size = { width: side(bitmap.width), height: side(bitmap.height) };
  const small = new OffscreenCanvas(size.width, size.height);
  const context = small.getContext('2d');
  if (context === null) return null;
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, size.width, size.height);
  return { picture: await small.convertToBlob({ type: 'image/png' }), size };
}

/** @param {number} pixels the longest side of a picture that a model takes */
export function limitOriginal(pixels) {
  largest = pixels;
}

/**
 * The picture that a request changes, where the server or this page still has it.
 * @param {import('./api.js').Wish['image']} image
 */
export async function takeSource(image) {
  if (image === undefined || (current !== null && JSON.stringify(current.image) === JSON.stringify(image))) return;
  if ('id' in image) return takeImage(image.id);
  await show(image, await uploaded(image.upload));
}

/**
 * A picture of the server's, by its id.
 * @param {string} id
 */
export async function takeImage(id) {
  /** @type {{ image: { url: string } | null }} */
  const { image } = await graphql('query Original($id: ID!) { image(id: $id) { url } }', { id });
  byId('scaled').textContent = '';
  if (image !== null) await show({ id }, here(image.url));
}

/**
 * @param {Original['image']} image
 * @param {string | Blob} source its address, or what it holds
 */
async function show(image, source) {
  const address = typeof source === 'string' ? source : URL.createObjectURL(source);
  const picture = new Image();
  picture.src = address;
  const readable = await picture.decode().then(
    () => true,
    () => false,
  );
  const [width, height] = readable ? [picture.naturalWidth, picture.naturalHeight] : [1, 1];
  current = { image, address, width, height, readable };
  canvas.width = width;
  canvas.height = height;
  if (readable) canvas.getContext('2d')?.drawImage(picture, 0, 0);
  box.dataset.state = readable ? 'shown' : 'unreadable';
  box.style.setProperty('--ratio', String(width / height));
  coverWith({ width, height });
  changed();
}
