/** One container's output, line by line, each beginning with its time and a space. */
export interface LineSource<T> {
  readonly from: T;
  readonly lines: AsyncIterable<string>;
}

/** A line without its time. */
export interface TimedLine<T> {
  readonly from: T;
  /** RFC 3339 with nanoseconds, always of the same width, so that text order is time order; empty when there is none. */
  readonly time: string;
  readonly text: string;
}

/** Merges outputs by time; each is in order by itself, so one waiting line a source is enough. */
export async function* mergeByTime<T>(sources: readonly LineSource<T>[]): AsyncGenerator<TimedLine<T>> {
  const readers = sources.map(({ from, lines }) => ({ from, iterator: lines[Symbol.asyncIterator]() }));
  const heads = new Map<(typeof readers)[number], TimedLine<T>>();
  const advance = async (reader: (typeof readers)[number]) => {
    const next = await reader.iterator.next();
    if (next.done === true) heads.delete(reader);
    else heads.set(reader, { from: reader.from, ...splitTime(next.value) });
  };
  await Promise.all(readers.map(advance));
  while (heads.size > 0) {
    let first: (typeof readers)[number] | undefined;
    let earliest: TimedLine<T> | undefined;
    for (const [reader, line] of heads) {
      if (earliest === undefined || line.time < earliest.time) {
        first = reader;
        earliest = line;
      }
    }
    if (first === undefined || earliest === undefined) return;
    yield earliest;
    await advance(first);
  }
}

/** Parts a line from its time. */
export function splitTime(line: string): { readonly time: string; readonly text: string } {
  const match = /^(\d{4}-\d\d-\d\dT\S+) ?/.exec(line);
  return match?.[1] === undefined
    ? { time: '', text: line }
    : { time: match[1], text: line.slice(match[0].length) };
}
