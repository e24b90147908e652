import type { LogChunk } from '../engine.ts';
import { CutOff, NonsenseAnswer } from './engine-errors.ts';

const HEADER_BYTES = 8;

/**
 * Takes apart what the engine multiplexes over one connection: frames of a stream number, three zero bytes, a length
 * and as much output (Engine API, "ContainerAttach"). Output is handed on as it comes, frames may be cut anywhere.
 * With a terminal there are no frames, and all is stdout.
 */
export class FrameReader {
  readonly #raw: boolean;
  #header = Buffer.alloc(0);
  #stream: LogChunk['stream'] = 'stdout';
  #left = 0;

  constructor(options: { readonly tty: boolean }) {
    this.#raw = options.tty;
  }

  /** The output in `chunk`. Throws {@link NonsenseAnswer} for what cannot be a frame. */
  push(chunk: Buffer): readonly LogChunk[] {
    if (this.#raw) return [{ stream: 'stdout', data: chunk }];
    const output: LogChunk[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left === 0) {
        const wanted = HEADER_BYTES - this.#header.length;
        this.#header = Buffer.concat([this.#header, rest.subarray(0, wanted)]);
        rest = rest.subarray(wanted);
        if (this.#header.length < HEADER_BYTES) break;
        this.#begin();
        continue;
      }
      const data = rest.subarray(0, this.#left);
      this.#left -= data.length;
      rest = rest.subarray(data.length);
      output.push({ stream: this.#stream, data });
    }
    return output;
  }

  /** Throws {@link CutOff} when the connection ended inside a frame. */
  end(): void {
    if (this.#left > 0 || this.#header.length > 0) throw new CutOff();
  }

  #begin(): void {
    const number = this.#header[0] ?? 0;
    // 0 is stdin's echo, 3 the engine's own complaints.
    if (number > 3 || this.#header.readUIntBE(1, 3) !== 0)
      throw new NonsenseAnswer('its output has no frames');
    this.#stream = number === 2 || number === 3 ? 'stderr' : 'stdout';
    this.#left = this.#header.readUInt32BE(4);
    this.#header = Buffer.alloc(0);
  }
}
