/** The messages of an event stream. https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation */
export async function* messagesOf(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<{ readonly event: string; readonly data: string }> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const lines = block.split(/\r?\n/);
        const valuesOf = (name: string) =>
          lines
            .filter((line) => line.startsWith(`${name}:`))
            .map((line) => line.slice(name.length + 1).replace(/^ /, ''));
        const data = valuesOf('data');
        if (data.length > 0) yield { event: valuesOf('event').at(-1) ?? 'message', data: data.join('\n') };
      }
    }
  } finally {
    // A reader that leaves early ends the connection.
    reader.cancel().catch(() => {});
  }
}
