import { graphql, here } from './api.js';
import { coverWith } from './brush.js';
import { byId } from './dom.js';
import { willUpload } from './uploads.js';

/** The picture that is to be changed: one of the server's, or a file of the visitor's. */

/** @typedef {{ image: { id: string } | { upload: string }, address: string, width: number, height: number }} Original */

const canvas = /** @type {HTMLCanvasElement} */ (byId('original-picture'));
const box = byId('original');
/** @type {Original | null} */
let current = null;
/** @type {() => void} */
let changed = () => {};

export const original = () => current;

/** @param {() => void} onChange */
export function startOriginal(onChange) {
  changed = onChange;
  const file = /** @type {HTMLInputElement} */ (byId('file'));
  file.addEventListener('change', () => takeFile(file.files?.[0]));
  box.addEventListener('dragover', (event) => event.preventDefault());
  box.addEventListener('drop', (event) => {
    event.preventDefault();
    takeFile(event.dataTransfer?.files[0]);
  });
  document.addEventListener('paste', (event) => {
    if (byId('original').closest('[hidden]') === null) takeFile(event.clipboardData?.files[0]);
  });
}

/** @param {File | undefined} file */
async function takeFile(file) {
  if (file === undefined) return;
  const address = URL.createObjectURL(file);
  await show({ upload: willUpload(async () => file) }, address);
}

/**
 * A picture of the server's, by its id.
 * @param {string} id
 */
export async function takeImage(id) {
  if (current !== null && 'id' in current.image && current.image.id === id) return;
  /** @type {{ image: { url: string } | null }} */
  const { image } = await graphql('query Original($id: ID!) { image(id: $id) { url } }', { id });
  if (image !== null) await show({ id }, here(image.url));
}

/**
 * @param {Original['image']} image
 * @param {string} address
 */
async function show(image, address) {
  const picture = new Image();
  picture.src = address;
  try {
    await picture.decode();
  } catch {
    // The server says better than a browser why a file is no picture.
    current = { image, address, width: 1, height: 1 };
    return changed();
  }
  const [width, height] = [picture.naturalWidth, picture.naturalHeight];
  current = { image, address, width, height };
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.drawImage(picture, 0, 0);
  coverWith({ width, height });
  delete box.dataset.empty;
  changed();
}
