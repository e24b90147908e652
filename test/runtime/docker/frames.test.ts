import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CutOff, NonsenseAnswer } from '../../../src/runtime/docker/engine-errors.ts';
import { FrameReader } from '../../../src/runtime/docker/frames.ts';

describe('frames', () => {
  it('come out the same however they are cut', () => {
    const frame = fc.record({ number: fc.constantFrom(1, 2), data: fc.uint8Array({ maxLength: 40 }) });
    fc.assert(
      fc.property(fc.array(frame), fc.array(fc.nat(60)), (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(({ number, data }) => encode(number, data)));
        const reader = new FrameReader({ tty: false });
        const text = { stdout: '', stderr: '' };
        let rest = bytes;
        for (const cut of [...cuts, bytes.length]) {
          for (const { stream, data } of reader.push(rest.subarray(0, cut))) {
            text[stream] += Buffer.from(data).toString('latin1');
          }
          rest = rest.subarray(cut);
        }
        reader.end();
        expect(text).toEqual({ stdout: textOf(frames, 1), stderr: textOf(frames, 2) });
      }),
    );
  });

  it('hand on what there is of a long one', () => {
    const reader = new FrameReader({ tty: false });
    const output = reader.push(encode(1, Buffer.from('hello')).subarray(0, 10));
    expect(output.map(({ data }) => Buffer.from(data).toString('utf8'))).toEqual(['he']);
  });

  it.each([4, 8, 10])('that end after %i bytes were cut off', (length) => {
    const reader = new FrameReader({ tty: false });
    reader.push(encode(1, Buffer.from('hello')).subarray(0, length));
    expect(() => reader.end()).toThrow(CutOff);
  });

  it('are not plain text', () => {
    expect(() => new FrameReader({ tty: false }).push(Buffer.from('plain text'))).toThrow(NonsenseAnswer);
  });

  it('are none with a terminal', () => {
    const reader = new FrameReader({ tty: true });
    expect(reader.push(Buffer.from('plain'))).toEqual([{ stream: 'stdout', data: Buffer.from('plain') }]);
    reader.end();
  });
});

function encode(number: number, data: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header[0] = number;
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
}

function textOf(frames: readonly { number: number; data: Uint8Array }[], number: number): string {
  const chosen = frames.filter((frame) => frame.number === number);
  return chosen.map(({ data }) => Buffer.from(data).toString('latin1')).join('');
}
