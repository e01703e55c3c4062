import type { Change, Recipe } from '../domain/recipe.js';
import type { AppliedLora } from '../domain/work.js';

export type { Recipe } from '../domain/recipe.js';

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
   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">${xmlText(recipe.prompt)}</rdf:li></rdf:Alt></dc:description>
${fields.join('\n')}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>`;
}

/** An image that was changed holds some of another, which may be a photograph. */
const sourceType = ({ change }: Recipe) =>
  change === null ? 'trainedAlgorithmicMedia' : 'compositeWithTrainedAlgorithmicMedia';

/** Every field that has something to say, as text. */
function* fieldsOf({ change, loras, ...recipe }: Recipe): Generator<readonly [string, string]> {
  for (const [name, value] of Object.entries(recipe)) yield [name, String(value)];
  if (loras.length > 0) yield ['loras', lorasAsText(loras)];
  for (const [name, value] of Object.entries(change ?? {})) {
    if (value === null || (Array.isArray(value) && value.length === 0)) continue;
    yield [name, typeof value === 'object' ? JSON.stringify(value) : String(value)];
  }
}

/** `style-ink:0.8, style-oil:1` */
const lorasAsText = (loras: readonly AppliedLora[]) => loras.map(({ id, weight }) => `${id}:${weight}`).join(', ');

/** The recipe in the line that image tools for people read from the PNG text chunk `parameters`. */
export function recipeAsParameters(recipe: Recipe): string {
  const settings = [
    `Steps: ${recipe.steps}`,
    // Those tools' scale is one more than ours: theirs is 1 when there is none.
    `CFG scale: ${recipe.guidance + 1}`,
    `Seed: ${recipe.seed}`,
    `Size: ${recipe.width}x${recipe.height}`,
    `Model: ${recipe.model}`,
    ...(recipe.loras.length === 0 ? [] : [`Loras: "${lorasAsText(recipe.loras)}"`]),
    ...(recipe.change === null ? [] : changeAsSettings(recipe.change)),
    'Version: Inkstone',
  ].join(', ');
  const negative = recipe.negativePrompt === '' ? '' : `\nNegative prompt: ${recipe.negativePrompt}`;
  return `${recipe.prompt}${negative}\n${settings}`;
}

function changeAsSettings({ mode, strength, source }: Change): readonly string[] {
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
