import { again, overTcp, type VerdictCase } from './case.ts';

export const overTcpNames: readonly VerdictCase[] = [
  {
    name: 'names that haproxy looked up at its start',
    stack: overTcp,
    change: again,
    said: 'gap',
    rule: 'resolved-once',
    length: 'lasting',
  },
];
