/** What a picture was made from; written into it so that it can be made again. */
export interface Recipe {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly seed: number;
  readonly model: string;
  readonly steps: number;
  readonly guidance: number;
  readonly width: number;
  readonly height: number;
  readonly fingerprint: string;
}

/**
 * The recipe and the mark of a picture made by a machine, as XMP.
 *
 * @see https://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia
 * @see https://github.com/adobe/XMP-Toolkit-SDK/blob/main/docs/XMPSpecificationPart1.pdf
 */
export function recipeAsXmp(recipe: Recipe): string {
  const fields = Object.entries(recipe).map(([name, value]) => {
    const tag = `inkstone:${name[0]!.toUpperCase()}${name.slice(1)}`;
    return `   <${tag}>${xmlText(String(value))}</${tag}>`;
  });
  return `<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:inkstone="urn:inkstone:recipe:1">
   <Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>
   <xmp:CreatorTool>Inkstone</xmp:CreatorTool>
   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">${xmlText(recipe.prompt)}</rdf:li></rdf:Alt></dc:description>
${fields.join('\n')}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>`;
}

/** The recipe in the line that image tools for people read from the PNG text chunk `parameters`. */
export function recipeAsParameters(recipe: Recipe): string {
  const settings = [
    `Steps: ${recipe.steps}`,
    // Those tools' scale is one more than ours: theirs is 1 when there is none.
    `CFG scale: ${recipe.guidance + 1}`,
    `Seed: ${recipe.seed}`,
    `Size: ${recipe.width}x${recipe.height}`,
    `Model: ${recipe.model}`,
    'Version: Inkstone',
  ].join(', ');
  const negative = recipe.negativePrompt === '' ? '' : `\nNegative prompt: ${recipe.negativePrompt}`;
  return `${recipe.prompt}${negative}\n${settings}`;
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
