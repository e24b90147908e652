import { connect } from 'node:net';

import { codeOf } from './system-error.ts';

/** Whether somebody listens on a socket. In doubt, yes. */
export function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (served: boolean): void => {
      resolve(served);
      socket.destroy();
    };
    socket.once('connect', () => settle(true));
    socket.once('error', (error) => {
      const code = codeOf(error);
      settle(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}
