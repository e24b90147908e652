import { again, onHostNetwork, onHostPort, type VerdictCase } from './case.ts';

/** What one container at a time can have. */
export const hostPorts: readonly VerdictCase[] = [
  {
    name: 'a port of the host',
    stack: onHostPort,
    change: again,
    twice: true,
    said: 'gap',
    rule: 'host-port',
  },
  {
    name: 'a port of the host, and nothing but a time says when it is ready',
    stack: (...where) => {
      const made = onHostPort(...where);
      delete made.app['health'];
      made.app['startup_time'] = 3;
      return made;
    },
    change: again,
    said: 'gap',
    rule: 'host-port',
    length: 'at-most',
  },
  {
    name: "a port in the host's network",
    stack: onHostNetwork,
    change: again,
    twice: true,
    said: 'gap',
    rule: 'host-network',
  },
];
