/**
 * The turn that the text encoder reads: Qwen3's chat template with a generation prompt and no `<think>` block, as
 * `apply_chat_template(…, add_generation_prompt=True, enable_thinking=True)` writes it.
 */
export function chatTurn(prompt: string): string {
  return `<|im_start|>user\n${prompt}<|im_end|>\n<|im_start|>assistant\n`;
}
