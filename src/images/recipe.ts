import type { CanonicalImage } from '../domain/canonical.js';
import type { AppliedLora } from '../domain/sampling.js';

/** What an image was made from; written into its file so that it can be made again. A job is one. */
export interface Recipe {
  readonly image: CanonicalImage;
  readonly fingerprint: string;
}

/**
 * The recipe and the mark of an image made by a machine, as XMP.
 *
 * @see https://cv.iptc.org/newscodes/digitalsourcetype/
 * @see https://github.com/adobe/XMP-Toolkit-SDK/blob/main/docs/XMPSpecificationPart1.pdf
 */
export function recipeAsXmp(recipe: Recipe): string {
  const fields = [...fieldsOf(recipe)].map(([name, value]) => {
    const tag = `inkstone:${name[0]!.toUpperCase()}${name.slice(1)}`;
    return `   <${tag}>${xmlText(value)}</${tag}>`;
  });
  return `<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:inkstone="urn:inkstone:recipe:1">
   <Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/${sourceType(recipe)}</Iptc4xmpExt:DigitalSourceType>
   <xmp:CreatorTool>Inkstone</xmp:CreatorTool>
   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">${xmlText(recipe.image.prompt.text)}</rdf:li></rdf:Alt></dc:description>
${fields.join('\n')}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>`;
}

/** An image that was changed holds some of another, which may be a photograph. */
const sourceType = ({ image }: Recipe) =>
  image.operation === 'GENERATE' ? 'trainedAlgorithmicMedia' : 'compositeWithTrainedAlgorithmicMedia';

/** Every field that has a value, as text. */
function* fieldsOf({ image, fingerprint }: Recipe): Generator<readonly [string, string]> {
  const { prompt, seed, model, width, height } = image;
  const { loras, ...sampling } = image.sampling;
  const fields = { prompt: prompt.text, negativePrompt: prompt.negative, seed, model, ...sampling, width, height };
  for (const [name, value] of Object.entries({ ...fields, fingerprint })) yield [name, String(value)];
  if (loras.length > 0) yield ['loras', lorasAsText(loras)];
  for (const [name, value] of Object.entries(changeOf(image) ?? {})) {
    if (value === null || (Array.isArray(value) && value.length === 0)) continue;
    yield [name, typeof value === 'object' ? JSON.stringify(value) : String(value)];
  }
}

/** Which image it was made from, and how; null where it was made from a prompt alone. */
function changeOf(image: CanonicalImage) {
  if (image.operation === 'GENERATE') return null;
  const { source, mask, strength } = image;
  const change = { strength, source, mask };
  if (image.operation === 'REFINE') return { mode: image.operation, ...change, regions: image.regions };
  return { mode: image.mode, ...change, references: image.references };
}

/** `style-ink:0.8, style-oil:1` */
const lorasAsText = (loras: readonly AppliedLora[]) => loras.map(({ id, weight }) => `${id}:${weight}`).join(', ');

/** The recipe in the line that image tools for people read from the PNG text chunk `parameters`. */
export function recipeAsParameters({ image }: Recipe): string {
  const { prompt, sampling, seed, width, height, model } = image;
  const change = changeOf(image);
  const settings = [
    `Steps: ${sampling.steps}`,
    // Those tools' scale is one more than ours: theirs is 1 when there is none.
    `CFG scale: ${sampling.guidance + 1}`,
    `Seed: ${seed}`,
    `Size: ${width}x${height}`,
    `Model: ${model}`,
    ...(sampling.loras.length === 0 ? [] : [`Loras: "${lorasAsText(sampling.loras)}"`]),
    ...(change === null ? [] : changeAsSettings(change)),
    'Version: Inkstone',
  ].join(', ');
  const negative = prompt.negative === '' ? '' : `\nNegative prompt: ${prompt.negative}`;
  return `${prompt.text}${negative}\n${settings}`;
}

function changeAsSettings({ mode, strength, source }: NonNullable<ReturnType<typeof changeOf>>): readonly string[] {
  const denoised = strength === null ? [] : [`Denoising strength: ${strength}`];
  return [...denoised, `Mode: ${mode}`, `Source: ${source}`];
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Characters that XML cannot hold at all become U+FFFD. */
function xmlText(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this line is about
      .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
      .replace(/[&<>"']/g, (character) => escapes[character]!)
  );
}
