// Writes a page with an image that is made when the page is first looked at.
//   INKSTONE=https://img.example RENDER_SECRET=… node build.mjs > index.html
import { ink } from 'inkstone/client';

const base = process.env.INKSTONE ?? 'http://127.0.0.1:4000';
const key = { id: process.env.RENDER_KEY_ID ?? 'site', secret: process.env.RENDER_SECRET ?? '' };

const recipe = {
  operation: 'generate',
  model: process.env.INKSTONE_MODEL ?? 'inkling-turbo',
  prompt: 'a lighthouse, sunset background',
  width: 256,
  height: 256,
  steps: 4,
  guidance: 0,
  seed: 7,
};

const { src, srcset, sizes, width, height, alt, placeholder } = await ink(recipe, { base, key });
const escaped = (text) => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);

process.stdout.write(`<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <title>A lighthouse</title>
  <img src="${escaped(src)}" srcset="${escaped(srcset)}" sizes="${escaped(sizes)}" width="${width}" height="${height}"
    alt="${escaped(alt)}" style="background: center / cover url('${escaped(placeholder)}')">
</html>
`);
