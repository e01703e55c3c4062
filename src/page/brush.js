import { byId } from './dom.js';
import { NotHere, registerUpload, uploaded } from './uploads.js';

/** Painting over an image what is to change. Strokes are kept as they were drawn, and the mask is what they cover. */

/**
 * @typedef {{ x: number, y: number }} Point in pixels of the image
 * @typedef {{ width: number, points: Point[] }} Stroke
 */

const canvas = /** @type {HTMLCanvasElement} */ (byId('mask'));
const width = /** @type {HTMLInputElement} */ (byId('brush'));

/** Painted opaque; the style sheet lets the image show through. */
const paint = '#d84026';
/** @type {Stroke[]} */
let strokes = [];
/** The mask of an earlier request, under the strokes. @type {OffscreenCanvas | null} */
let earlier = null;
/** The name of the mask as it is now. @type {string | null} */
let name = null;
/** @type {() => void} */
let changed = () => {};

/** @param {() => void} onChange after every stroke */
export function startBrush(onChange) {
  changed = onChange;
  /** The stroke that a pointer draws now. @type {{ pointer: number, stroke: Stroke } | null} */
  let drawing = null;
  canvas.addEventListener('pointerdown', (event) => {
    if (drawing !== null || event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    const at = pointOf(event);
    drawing = { pointer: event.pointerId, stroke: { width: lineWidth(), points: [at] } };
    line(drawing.stroke.width, [at, at]);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (drawing?.pointer !== event.pointerId) return;
    const { width, points } = drawing.stroke;
    // A fast hand is in many places between two frames.
    const passed = event.getCoalescedEvents?.() ?? [];
    const next = (passed.length > 0 ? passed : [event]).map(pointOf);
    line(width, [/** @type {Point} */ (points.at(-1)), ...next]);
    points.push(...next);
  });
  const end = (/** @type {PointerEvent} */ event) => {
    if (drawing?.pointer !== event.pointerId) return;
    strokes.push(drawing.stroke);
    drawing = null;
    renew();
  };
  canvas.addEventListener('pointerup', end);
  canvas.addEventListener('pointercancel', end);
  byId('undo-mask').addEventListener('click', undo);
  byId('clear-mask').addEventListener('click', () => {
    strokes = [];
    earlier = null;
    renew();
  });
  document.addEventListener('keydown', (event) => {
    const writing =
      event.target instanceof Element && event.target.matches('textarea, input:not([type="range"]), select');
    if (writing || canvas.hidden || event.key !== 'z' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    undo();
  });
}

/**
 * A clean mask over an image of this size.
 * @param {{ width: number, height: number }} size
 */
export function coverWith(size) {
  canvas.width = size.width;
  canvas.height = size.height;
  strokes = [];
  earlier = null;
  renew();
}

/** @param {boolean} painting */
export function offerBrush(painting) {
  canvas.hidden = !painting;
  byId('brush-tools').hidden = !painting;
}

/** The mask to send, white where something was painted; null where nothing was. */
export function mask() {
  if (canvas.hidden || !isPainted()) return null;
  if (name === null) {
    /** @type {Promise<Blob> | null} */
    let image = null;
    // As it is when it is first sent, also if it is sent again after more was painted.
    name = registerUpload(() => (image ??= toPng()));
  }
  return { upload: name };
}

/**
 * Paints what an earlier request masked.
 * @param {string} upload
 * @throws {NotHere} after a reload of the page: it is to be painted again
 */
export async function fillMask(upload) {
  const blob = await uploaded(upload).catch(() => {
    throw new NotHere('maskGone');
  });
  earlier = asPaint(await createImageBitmap(blob));
  strokes = [];
  renew();
  name = upload;
  changed();
}

const isPainted = () => strokes.length > 0 || earlier !== null;

/** After every change: shows it, and forgets the name of what was. */
function renew() {
  name = null;
  const context = canvas.getContext('2d');
  context?.clearRect(0, 0, canvas.width, canvas.height);
  if (earlier !== null) context?.drawImage(earlier, 0, 0, canvas.width, canvas.height);
  for (const { width, points } of strokes) line(width, points);
  for (const id of ['undo-mask', 'clear-mask']) /** @type {HTMLButtonElement} */ (byId(id)).disabled = !isPainted();
  changed();
}

function undo() {
  if (strokes.pop() === undefined) earlier = null;
  renew();
}

/** @param {PointerEvent} event */
function pointOf({ clientX, clientY }) {
  const box = canvas.getBoundingClientRect();
  return {
    x: ((clientX - box.left) / box.width) * canvas.width,
    y: ((clientY - box.top) / box.height) * canvas.height,
  };
}

/** A part of the image, whatever its size. */
const lineWidth = () => (Number(width.value) / 256) * Math.max(canvas.width, canvas.height);

/**
 * @param {number} width
 * @param {Point[]} points
 */
function line(width, points) {
  const context = canvas.getContext('2d');
  const [first, ...others] = points;
  if (context === null || first === undefined) return;
  context.strokeStyle = paint;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(first.x, first.y);
  // A line without a length is not drawn, though a touch is meant as a dot.
  context.lineTo(first.x + 0.01, first.y);
  for (const { x, y } of others) context.lineTo(x, y);
  context.stroke();
}

/** @returns {Promise<Blob>} rejects where this browser gives no canvas of that size */
async function toPng() {
  const mask = recoloured(canvas, 3, (alpha) => (alpha > 127 ? [255, 255, 255, 255] : [0, 0, 0, 255]));
  return mask.convertToBlob({ type: 'image/png' });
}

/** @param {ImageBitmap} mask */
function asPaint(mask) {
  const colour = [1, 3, 5].map((at) => Number.parseInt(paint.slice(at, at + 2), 16));
  return recoloured(mask, 0, (light) => [...colour, light > 127 ? 255 : 0]);
}

/**
 * @param {HTMLCanvasElement | ImageBitmap} image
 * @param {number} channel which of a pixel's four values decides
 * @param {(value: number) => number[]} colourOf that value → red, green, blue, alpha
 */
function recoloured(image, channel, colourOf) {
  const flat = new OffscreenCanvas(image.width, image.height);
  const context = flat.getContext('2d');
  if (context === null) throw new Error('This browser gives no canvas.');
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, image.width, image.height);
  for (let at = 0; at < pixels.data.length; at += 4) pixels.data.set(colourOf(pixels.data[at + channel] ?? 0), at);
  context.putImageData(pixels, 0, 0);
  return flat;
}
