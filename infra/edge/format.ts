/** The extension for what Accept names: AVIF before WebP, PNG where nothing else is taken, else JPEG. */
export function chosenFormat(
  accept: string | null,
  offers: readonly ('avif' | 'webp')[],
): 'avif' | 'webp' | 'png' | 'jpg' {
  const items = (accept ?? '')
    .toLowerCase()
    .split(',')
    .map((item) => item.replace(/\s/g, ''));
  const takes = (type: string) =>
    items.some((item) => item === type || (item.startsWith(`${type};`) && !/;q=0(\.0*)?$/.test(item)));
  const modern = offers.find((offer) => takes(`image/${offer}`));
  if (modern !== undefined) return modern;
  return items.length === 1 && takes('image/png') ? 'png' : 'jpg';
}
