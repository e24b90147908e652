/** The results in the order of the items, with at most so many under way. Rejects with the first failure. */
export async function mapAtMost<T, R>(
  most: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  // One iterator for all: whoever is free takes the next.
  const left = items.entries();
  const run = async () => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, run));
  return results;
}
