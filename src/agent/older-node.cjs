// What stackc's program uses and Node 18 lacks, which Debian's package is: loaded before it where an apply goes on by itself.
for (const { prototype } of [Array, Object.getPrototypeOf(Int8Array)]) {
  define(prototype, 'toSorted', function toSorted(by) {
    return this.slice().sort(by);
  });
  define(prototype, 'toReversed', function toReversed() {
    return this.slice().reverse();
  });
}
define(Array.prototype, 'toSpliced', function toSpliced(...words) {
  const copy = this.slice();
  copy.splice(...words);
  return copy;
});
define(AbortSignal, 'any', (signals) => {
  const any = new AbortController();
  for (const signal of signals) {
    const abort = () => any.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }
  return any.signal;
});
define(URL, 'canParse', (text, base) => {
  try {
    return new URL(text, base).href !== '';
  } catch {
    return false;
  }
});

function define(object, name, value) {
  if (!(name in object)) Object.defineProperty(object, name, { value, writable: true, configurable: true });
}
