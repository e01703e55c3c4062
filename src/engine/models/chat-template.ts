/**
 * The turn that the text encoder reads: Qwen3's chat template with a generation prompt and no `<think>` block, as
 * `apply_chat_template(…, add_generation_prompt=True, enable_thinking=True)` writes it.
 */
export function chatTurn(prompt: string): string {
  return `<|im_start|>user\n${prompt}<|im_end|>\n<|im_start|>assistant\n`;
}

/**
 * The same turn about images, in the parts that are encoded each on its own: one ends where an image is to stand, and the last
 * where the image that is asked for stands. Without images it is the plain turn.
 *
 * @see diffusers `ZImageOmniPipeline._encode_prompt`
 */
export function instructionSegments(prompt: string, images: number): readonly string[] {
  if (images === 0) return [chatTurn(prompt)];
  return [
    '<|im_start|>user\n<|vision_start|>',
    ...Array<string>(images - 1).fill('<|vision_end|><|vision_start|>'),
    `<|vision_end|>${prompt}<|im_end|>\n<|im_start|>assistant\n<|vision_start|>`,
    '<|vision_end|><|im_end|>',
  ];
}
