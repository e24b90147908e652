/** Settles as the promise does, or with what `otherwise` gives (or throws) after `limitMs`. For what may hang. */
export async function within<T, U>(limitMs: number, promise: Promise<T>, otherwise: () => U): Promise<T | U> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  try {
    return await Promise.race([promise, limit.then(otherwise)]);
  } finally {
    clearTimeout(timer);
  }
}
