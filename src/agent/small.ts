import { setFlagsFromString } from 'node:v8';

/**
 * Takes no memory for speed: whoever waits all day need not be compiled to machine code, which costs 3 MB. What is called a
 * thousand times at once still is. A flag that another V8 does not know is passed over.
 */
export function staySmall(): void {
  setFlagsFromString('--interrupt-budget=4000000');
}
