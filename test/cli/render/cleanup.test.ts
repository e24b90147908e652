import { describe, expect, test } from 'vitest';

import { renderCleanup, untracedWords } from '../../../src/cli/render/cleanup.ts';
import { byteSize } from '../../../src/compiler/byte-words.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [12_345, '12 kB'],
  [251_900_000, '252 MB'],
  [4_200_000_000, '4.2 GB'],
])('%d bytes are %s', (bytes, text) => {
  expect(byteSize(bytes)).toBe(text);
});

describe('what is told of a cleanup', () => {
  const image = `sha256:${'1'.repeat(64)}`;

  test('what goes with its size, what stays with its reason, and the sum', () => {
    const text = renderCleanup(
      {
        stack: 'shop',
        items: [
          {
            kind: 'container',
            id: 'c1',
            name: 'shop-app0.2.failed',
            why: 'failed generation',
            volumes: false,
            socket: null,
          },
          { kind: 'network', name: 'shop-blog' },
          { kind: 'image', id: image, names: ['shop:41', 'shop:old'], bytes: 250_000_000 },
        ],
        staying: [
          { kind: 'network', name: 'shop-wiki', agent: 'shop-agent' },
          { kind: 'image', id: image, names: [], why: { kind: 'unreadable', revisions: [3, 5] } },
        ],
      },
      new Map([['c1', 2_000_000]]),
      false,
    );
    expect(text).toBe(
      `REMOVE                                  WHY                                               SIZE
container shop-app0.2.failed            failed, and was kept to look at                   2.0 MB
network shop-blog                       no container is on it
image shop:41, shop:old (111111111111)  the stack used it, and neither runs nor keeps it  250 MB

STAYS               WHY
network shop-wiki   shop-agent is on it until an apply replaces that
image 111111111111  revisions 3 and 5 cannot be read, and may have it

Cleanup: 1 container, 1 network, 1 image to remove, up to 252 MB.
`,
    );
  });

  test('of which revisions the journal says nothing', () => {
    expect(untracedWords([4])).toMatch(/^which images revision 4 found, the journal does not say: /);
    expect(untracedWords([1, 2, 3])).toMatch(/^which images revisions 1 to 3 found/);
  });
});
