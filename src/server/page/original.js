import { graphql, here } from './api.js';
import { coverWith } from './brush.js';
import { byId } from './dom.js';
import { uploaded, willUpload } from './uploads.js';

/** The picture that is to be changed: one of the server's, or a file of the visitor's. */

/** @typedef {{ image: { id: string } | { upload: string }, address: string, width: number, height: number }} Original */

const canvas = /** @type {HTMLCanvasElement} */ (byId('original-picture'));
const box = byId('original');
const field = /** @type {HTMLElement} */ (box.closest('[data-field]'));
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
  await show({ upload: willUpload(async () => file) }, file);
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
  const isPicture = await picture.decode().then(
    () => true,
    () => false, // the server says better than a browser why a file is no picture
  );
  const [width, height] = isPicture ? [picture.naturalWidth, picture.naturalHeight] : [1, 1];
  current = { image, address, width, height };
  canvas.width = width;
  canvas.height = height;
  if (isPicture) canvas.getContext('2d')?.drawImage(picture, 0, 0);
  box.dataset.state = isPicture ? 'shown' : 'unreadable';
  coverWith({ width, height });
  changed();
}
