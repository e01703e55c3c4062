import { byId } from './dom.js';
import { willUpload } from './uploads.js';

/** Painting over a picture what is to change. Strokes are kept as they were drawn, and the mask is what they cover. */

const canvas = /** @type {HTMLCanvasElement} */ (byId('mask'));
const width = /** @type {HTMLInputElement} */ (byId('brush'));

/** Red, of which half shows through. */
const wash = '#d8402699';
let painted = false;
/** The name of the mask as it is now. @type {string | null} */
let name = null;

/** @param {() => void} onChange after every stroke */
export function startBrush(onChange) {
  /** @type {{ x: number, y: number } | null} */
  let last = null;
  const at = (/** @type {PointerEvent} */ { clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    return {
      x: ((clientX - box.left) / box.width) * canvas.width,
      y: ((clientY - box.top) / box.height) * canvas.height,
    };
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    stroke(last, last);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (last === null) return;
    const next = at(event);
    stroke(last, next);
    last = next;
  });
  const end = () => {
    if (last === null) return;
    last = null;
    name = null;
    onChange();
  };
  canvas.addEventListener('pointerup', end);
  canvas.addEventListener('pointercancel', end);
  byId('clear-mask').addEventListener('click', () => {
    wipe();
    onChange();
  });
}

/**
 * A clean mask over a picture of this size.
 * @param {{ width: number, height: number }} size
 */
export function coverWith(size) {
  canvas.width = size.width;
  canvas.height = size.height;
  wipe();
}

/** @param {boolean} painting */
export function offerBrush(painting) {
  canvas.hidden = !painting;
  byId('brush-field').hidden = !painting;
  byId('clear-mask').hidden = !painting;
}

/** The mask to send, white where something was painted; null where nothing was. */
export function mask() {
  if (!painted || canvas.hidden) return null;
  name ??= willUpload(toPng);
  return { upload: name };
}

function wipe() {
  canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
  painted = false;
  name = null;
}

/**
 * @param {{ x: number, y: number }} from
 * @param {{ x: number, y: number }} to
 */
function stroke(from, to) {
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.lineCap = 'round';
  context.lineWidth = (Number(width.value) / 256) * Math.max(canvas.width, canvas.height);
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x + 0.01, to.y);
  // Wiped before it is painted, so that what is painted twice is no redder than what is painted once.
  context.globalCompositeOperation = 'destination-out';
  context.strokeStyle = '#000';
  context.stroke();
  context.globalCompositeOperation = 'source-over';
  context.strokeStyle = wash;
  context.stroke();
  painted = true;
}

/** @returns {Promise<Blob>} */
async function toPng() {
  const flat = new OffscreenCanvas(canvas.width, canvas.height);
  const context = flat.getContext('2d');
  const strokes = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height);
  if (context === null || strokes === undefined) throw new Error('This browser gives no canvas.');
  for (let i = 0; i < strokes.data.length; i += 4) {
    const white = (strokes.data[i + 3] ?? 0) > 64 ? 255 : 0;
    strokes.data.set([white, white, white, 255], i);
  }
  context.putImageData(strokes, 0, 0);
  return flat.convertToBlob({ type: 'image/png' });
}
