/** Modules of Node that short commands do without. Loading them would take some 15 ms. */
const RARE: ReadonlySet<string> = new Set([
  'child_process',
  'crypto',
  'http',
  'https',
  'module',
  'readline/promises',
  'tty',
  'zlib',
]);

/**
 * `require` for the bundle, whose modules all ask for what they import as soon as they are loaded: the rarely used
 * modules of Node come as stand-ins that load the real one at the first look into it.
 */
export function lazyRequire(real: NodeJS.Require): NodeJS.Require {
  const load = (id: string): unknown => {
    if (!RARE.has(id.replace(/^node:/, ''))) return real(id);
    return new Proxy({}, { get: (_target, key) => Reflect.get(real(id), key) });
  };
  return Object.assign(load, real);
}
