import { expect, test } from 'vitest';

import { countConnections } from '../../src/agent/tcp-table.ts';

const HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
/** Port 3000 is 0BB8. */
const row = (state: string, inode: number, local = '02001FAC:0BB8') =>
  `   0: ${local} 04001FAC:C9A6 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 00000000c8ad31b2 100 0 0 10 0`;
const table = (...rows: readonly string[]) => `${[HEADER, ...rows].join('\n')}\n`;

test.each([
  ['a listener', row('0A', 17), { queued: 0, open: 0 }],
  ['established and accepted', row('01', 17), { queued: 0, open: 1 }],
  ['established and not accepted', row('01', 0), { queued: 1, open: 0 }],
  ['not established yet', row('03', 0), { queued: 1, open: 0 }],
  ['ended by the client, not accepted', row('08', 0), { queued: 1, open: 0 }],
  ['ended by the client, in work', row('08', 17), { queued: 0, open: 1 }],
  ['ended by the server, not all sent', row('04', 0), { queued: 0, open: 1 }],
  ['both have ended, not all sent', row('09', 0), { queued: 0, open: 1 }],
  ['both end at once', row('0B', 0), { queued: 0, open: 1 }],
  ['ended by the server, all received', row('05', 0), { queued: 0, open: 0 }],
  ['over', row('06', 0), { queued: 0, open: 0 }],
  ['its own connection to another server', row('01', 17, '02001FAC:C001'), { queued: 0, open: 0 }],
  ['over IPv6', row('01', 17, '0000000000000000FFFF0000020012AC:0BB8'), { queued: 0, open: 1 }],
])('%s', (_, line, count) => {
  expect(countConnections(table(row('0A', 9), line), [3000])).toEqual(count);
});

test('all of several ports, and none of an empty table', () => {
  const both = table(row('01', 1), row('01', 0, '00000000:0050'), row('01', 3, '00000000:0051'));
  expect(countConnections(both, [3000, 80])).toEqual({ queued: 1, open: 1 });
  expect(countConnections('', [3000])).toEqual({ queued: 0, open: 0 });
});
