import { setFlagsFromString } from 'node:v8';

/**
 * Takes no memory for speed: whoever waits all day need not be compiled to optimized machine code. The compiler alone is 3 MB of
 * Node that are read in for it, sooner or later: a thousand scrapes do. A flag that another V8 does not know is passed over.
 */
export function staySmall(): void {
  setFlagsFromString('--no-opt');
}
