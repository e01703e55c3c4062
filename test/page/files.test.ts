import sharp from 'sharp';
import { beforeEach, describe, expect, it } from 'vitest';
import { hasBrowser } from './browser.js';
import { ownPage } from './own-page.js';

interface Given {
  readonly name: string;
  readonly type: string;
  readonly bytes: Buffer;
}

const flat = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: '#a33' } });

describe.skipIf(!hasBrowser)('a file that comes to the page', () => {
  const own = ownPage({ env: { UPLOAD_BYTES: String(2 ** 20) } });

  beforeEach(async () => {
    await own.page.goto('about:blank');
    await own.page.goto(own.program.url);
    await own.page.locator('#size option').first().waitFor({ state: 'attached' });
  });

  /** By each way in which a browser takes a file. */
  const ways = {
    async chosen({ name, type, bytes }: Given) {
      await own.page.click('label:has(input[value="EDIT"])');
      await own.page.setInputFiles('#file', { name, mimeType: type, buffer: bytes });
    },
    dropped: (file: Given) => dispatch(file, 'drop'),
    pasted: (file: Given) => dispatch(file, 'paste'),
  };

  async function dispatch({ name, type, bytes }: Given, event: 'drop' | 'paste') {
    await own.page.evaluate(`(() => {
      const bytes = Uint8Array.from(atob('${bytes.toString('base64')}'), (letter) => letter.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], ${JSON.stringify(name)}, { type: ${JSON.stringify(type)} }));
      const options = { bubbles: true, cancelable: true };
      document.body.dispatchEvent('${event}' === 'drop'
        ? new DragEvent('drop', { ...options, dataTransfer: data })
        : new ClipboardEvent('paste', { ...options, clipboardData: data }));
    })()`);
  }

  const said = () => own.page.locator('#image-problem').textContent();

  const words: Given = { name: 'words.png', type: 'image/png', bytes: Buffer.from('no image at all') };
  it.each(Object.keys(ways) as (keyof typeof ways)[])(
    'and is no image is refused before anything is asked: %s',
    async (way) => {
      await ways[way](words);
      await own.page.locator('#image-problem:not(:empty)').waitFor();
      expect(await said()).toBe('Expected an image in PNG, JPEG, WebP, AVIF or GIF but received words.png.');
      expect(await own.page.getAttribute('#file', 'aria-invalid')).toBe('true');
      await own.page.click('#draw');
      expect(await said()).toContain('words.png');
      expect(await own.page.locator('#draw').getAttribute('aria-disabled')).toBe('false');
    },
  );

  it.each([
    { name: 'letter.pdf', type: 'application/pdf', bytes: Buffer.from('%PDF-1.7') },
    { name: 'icon.svg', type: 'image/svg+xml', bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>') },
    { name: 'empty.jpg', type: 'image/jpeg', bytes: Buffer.alloc(0) },
  ])('of a kind that cannot be changed is refused likewise: $name', async (file) => {
    await ways.dropped(file);
    await own.page.locator('#image-problem', { hasText: file.name }).waitFor();
  });

  it('is refused in Chinese where the page speaks it, and again in English when that is chosen', async () => {
    await own.page.click('#language');
    await ways.dropped(words);
    await own.page.locator('#image-problem', { hasText: '不是能读取的图片' }).waitFor();
    await own.page.click('#language');
    expect(await said()).toContain('Expected an image');
  });

  it('and is an image takes the place of one that was refused', async () => {
    await ways.dropped(words);
    await own.page.locator('#image-problem:not(:empty)').waitFor();
    await ways.dropped({ name: 'red.png', type: 'image/png', bytes: await flat(192, 64).png().toBuffer() });
    await own.page.locator('[data-state=shown]').waitFor();
    expect(await said()).toBe('');
  });

  it('of a kind that only the browser reads is sent as one that the server reads', async () => {
    await ways.chosen({ name: 'red.bmp', type: 'image/bmp', bytes: bitmap(64, 64) });
    await own.page.locator('[data-state=shown]').waitFor();
    await own.page.selectOption('#how', 'STRENGTH');
    await own.page.fill('#prompt', 'a red house, grass background');
    await own.page.click('#draw');
    await own.page.locator('.tile.arrived').waitFor();
  });

  it('and is too large for the server is refused where it was chosen', async () => {
    await ways.chosen({ name: 'long.png', type: 'image/png', bytes: await pad(await flat(64, 64).png().toBuffer()) });
    await own.page.locator('[data-state=shown]').waitFor();
    await own.page.fill('#prompt', 'change the background to snow');
    await own.page.click('#draw');
    await own.page.locator('#image-problem', { hasText: 'too large' }).waitFor();
  });
});

/** An image with so much in a chunk of its own that it is longer than this server takes. */
async function pad(png: Buffer): Promise<Buffer> {
  const { crc32 } = await import('node:zlib');
  const body = Buffer.concat([Buffer.from('teXt'), Buffer.alloc(2 ** 20, 'a')]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length - 4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([png.subarray(0, 33), length, body, check, png.subarray(33)]);
}

/** One colour, as Windows writes it. */
function bitmap(width: number, height: number): Buffer {
  const header = Buffer.alloc(54);
  header.write('BM');
  header.writeUInt32LE(54 + width * height * 3, 2);
  header.writeUInt32LE(54, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(24, 28);
  return Buffer.concat([header, Buffer.alloc(width * height * 3, 0x55)]);
}
