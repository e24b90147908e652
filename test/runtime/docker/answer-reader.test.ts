import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerReader, NotHttp, type HttpAnswer } from '../../../src/runtime/docker/answer-reader.ts';

/** The answer that comes of some pieces, and of the end of the connection after them. */
function read(pieces: readonly Buffer[], ends = false): HttpAnswer | null {
  const reader = new AnswerReader();
  for (const piece of pieces) {
    const answer = reader.feed(piece);
    if (answer !== null) return answer;
  }
  return ends ? reader.end() : null;
}

const text = (...lines: readonly string[]) => Buffer.from(lines.join('\r\n'));

const answers: readonly (readonly [string, Buffer, string])[] = [
  ['a length', text('HTTP/1.1 200 OK', 'Content-Length: 5', '', 'añb!'), 'añb!'],
  ['a length of nothing', text('HTTP/1.1 200 OK', 'content-length: 0', '', ''), ''],
  [
    'chunks',
    text(
      'HTTP/1.1 200 OK',
      'Transfer-Encoding: chunked',
      '',
      '3',
      'a\u00f1',
      'a;x=y',
      '0123456789',
      '0',
      '',
      '',
    ),
    'añ0123456789',
  ],
  [
    'chunks and a trailer',
    text('HTTP/1.1 200 OK', 'Transfer-Encoding: Chunked', '', '1', 'a', '0', 'X-More: 1', '', ''),
    'a',
  ],
  ['a status without a body', text('HTTP/1.1 304 Not Modified', 'Content-Length: 9', '', ''), ''],
  [
    'an earlier answer of 1xx',
    text('HTTP/1.1 100 Continue', '', 'HTTP/1.1 200 OK', 'Content-Length: 1', '', 'a'),
    'a',
  ],
];

describe('an answer', () => {
  it.each(answers)('with %s, however it is cut into pieces', (_name, bytes, body) => {
    const cuts = fc.uniqueArray(fc.nat(bytes.length), { maxLength: 8 });
    fc.assert(
      fc.property(cuts, (places) => {
        const sorted = [0, ...places.sort((a, b) => a - b), bytes.length];
        const pieces = sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
        expect(read(pieces)?.body).toBe(body);
      }),
    );
  });

  it.each(answers)('with %s is not there before its last byte', (_name, bytes) => {
    for (let length = 0; length < bytes.length; length++) {
      expect(read([bytes.subarray(0, length)], true)).toBeNull();
    }
  });

  it('tells its status and its headers', () => {
    const bytes = text(
      'HTTP/1.1 404 Not Found',
      'Api-Version:  1.41 ',
      'A: 1',
      'a: 2',
      'Content-Length: 0',
      '',
      '',
    );
    expect(read([bytes])).toEqual({
      status: 404,
      headers: { 'api-version': '1.41', a: '1, 2', 'content-length': '0' },
      body: '',
    });
  });

  it('to HEAD has no body, whatever length it tells', () => {
    const reader = new AnswerReader('HEAD');
    const bytes = text('HTTP/1.1 404 Not Found', 'Content-Length: 70', 'X-More: 1', '', '');
    expect(reader.feed(bytes)).toMatchObject({ status: 404, headers: { 'x-more': '1' }, body: '' });
    expect(reader.canFollow).toBe(true);
  });

  it('without a length ends with its connection', () => {
    const bytes = text('HTTP/1.0 200 OK', '', 'all there is');
    expect(read([bytes])).toBeNull();
    expect(read([bytes], true)?.body).toBe('all there is');
  });

  it('of many megabytes takes no longer a byte than a short one', () => {
    const reader = new AnswerReader();
    reader.feed(text('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', ''));
    const chunk = Buffer.from(`8000\r\n${'x'.repeat(0x80_00)}\r\n`);
    for (let count = 0; count < 2000; count++) expect(reader.feed(chunk)).toBeNull();
    expect(reader.feed(Buffer.from('0\r\n\r\n'))?.body).toHaveLength(2000 * 0x80_00);
  });

  it.each([
    ['another on the same connection', 'Content-Length: 1', 'a', true],
    ['none when the connection is to be closed', 'Connection: Close\r\nContent-Length: 1', 'a', false],
  ])('lets follow %s', (_name, headers, body, expected) => {
    const reader = new AnswerReader();
    expect(reader.feed(text('HTTP/1.1 200 OK', headers, '', body))).not.toBeNull();
    expect(reader.canFollow).toBe(expected);
  });

  it('ends before what came with it', () => {
    const reader = new AnswerReader();
    expect(reader.feed(text('HTTP/1.1 200 OK', 'Content-Length: 1', '', 'aHTTP'))?.body).toBe('a');
    expect(reader.rest.toString()).toBe('HTTP');
  });
});

describe('no answer of HTTP', () => {
  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['its beginning', 'HTTX'],
    ['another version', 'HTTP/2 200\r\n\r\n'],
    ['no status', 'HTTP/1.1 OK\r\n\r\n'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: a\r\n\r\n'],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n'],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n'],
    ['a chunk longer than it says', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n'],
    ['a head without an end', `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(70_000)}`],
  ])('is %s', (_name, bytes) => {
    expect(() => read([Buffer.from(bytes)])).toThrow(NotHttp);
  });
});
