/** In which order slices are loaded: the middle at once, then ever closer ones, so that the whole is soon there coarsely. */

const COARSEST = 16;

/** Returns the indices of `count` slices in that order. */
export function loadingOrder(count: number): number[] {
  const order = new Set<number>([Math.floor((count - 1) / 2)]);
  for (let step = COARSEST; step >= 1; step /= 2) {
    for (let index = 0; index < count; index += step) order.add(index);
    if (step === COARSEST) order.add(count - 1);
  }
  return [...order];
}

/** Returns the slices beside one, outwards, up to the nearest that `isThere` on each side, but never further than that. */
export function gapAround(index: number, count: number, isThere: (index: number) => boolean): number[] {
  const beside: number[] = [];
  for (const step of [-1, 1]) {
    const gap: number[] = [];
    let at = index + step;
    for (; at >= 0 && at < count && gap.length < COARSEST && !isThere(at); at += step) gap.push(at);
    const isBetween = at >= 0 && at < count && isThere(at);
    // Between two that are there, each stands for its half.
    beside.push(...(isBetween ? gap.slice(0, Math.ceil(gap.length / 2)) : gap));
  }
  return beside;
}
