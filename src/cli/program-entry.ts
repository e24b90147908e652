// What `main.ts` loads when there is more to do than to print the version.
export { processIo } from './process-io.ts';
export { main } from './program.ts';
