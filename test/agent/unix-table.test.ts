import { describe, expect, test } from 'vitest';

import { countSockets } from '../../src/agent/unix-table.ts';

const NAME = '.shop-app0.1';

function table(...rows: readonly string[]): string {
  return ['Num       RefCount Protocol Flags    Type St Inode Path', ...rows, ''].join('\n');
}

describe('the sockets of a name', () => {
  test('a listener, a queued and an accepted connection', () => {
    const text = table(
      '0000000093a6cdfe: 00000002 00000000 00010000 0001 01 2289523 /var/lib/haproxy/socks/.shop-app0.1',
      '0000000033f971ce: 00000003 00000000 00000000 0001 02     0 /var/lib/haproxy/socks/.shop-app0.1',
      '0000000027b8d5b7: 00000003 00000000 00000000 0001 03 2304768 /var/lib/haproxy/socks/.shop-app0.1',
    );
    expect(countSockets(text, NAME)).toEqual({ listening: true, queued: 1, open: ['2304768'] });
  });

  test.each([
    ['in another directory', '/run/socks/.shop-app0.1', 1],
    ['bound by a relative path', '.shop-app0.1', 1],
    ['bound beside and renamed, as haproxy does', '/socks/.shop-app0.1.17.tmp', 1],
    ['with spaces in its directory', '/my socks/.shop-app0.1', 1],
    ['of a later generation', '/socks/.shop-app0.11', 0],
    ['of another instance', '/socks/x.shop-app0.1', 0],
    ['of a directory of that name', '/socks/.shop-app0.1/other.sock', 0],
    ['in the abstract name space', '@.shop-app0.1', 0],
  ])('%s', (_which, path, open) => {
    const text = table(`0000000027b8d5b7: 00000003 00000000 00000000 0001 03 2304768 ${path}`);
    expect(countSockets(text, NAME).open).toHaveLength(open);
  });

  test('rows without a path are nobody’s', () => {
    const text = table('0000000027b8d5b7: 00000003 00000000 00000000 0001 03 2304768');
    expect(countSockets(text, NAME)).toEqual({ listening: false, queued: 0, open: [] });
  });
});
