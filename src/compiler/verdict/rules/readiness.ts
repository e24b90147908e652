import { durationWords } from '../duration-words.ts';
import { isReached } from '../facts.ts';
import { untilReady } from '../gap-length.ts';
import { gap, unproven, within, type Rule } from './rule.ts';
import { isHeld, isTakenAway } from './stopping-first.ts';

/** Two generations at the same path. */
export const samePathRules: readonly Rule[] = within(
  ({ action, order }) => action === 'replace' && order === 'start-first',
  [
    {
      id: 'same-path',
      applies: ({ socket, sharedFiles }) =>
        socket.kind === 'fixed' || sharedFiles.some(({ kind }) => kind === 'socket'),
      verdict: (facts) => {
        const { sharedFiles } = facts;
        const file = sharedFiles.find(({ kind }) => kind === 'socket');
        const path = file === undefined ? 'the published path' : `\`${file.path}\``;
        return gap(
          `both generations bind ${path}: the new one takes it before it serves`,
          'write the path as `%{socket}`, so that each generation has its own',
          untilReady(facts),
        );
      },
    },
  ],
);

/** Whether the new generation can serve when requests reach it. */
export const readinessRules: readonly Rule[] = within(
  (facts) =>
    facts.action === 'replace' &&
    isReached(facts) &&
    (facts.order === 'start-first' || isHeld(facts) || isTakenAway(facts)),
  [
    {
      id: 'shared-pid-file',
      applies: ({ order, sharedFiles }) => order === 'start-first' && sharedFiles.length > 0,
      verdict: ({ sharedFiles }) =>
        unproven(
          `both generations must live with the one \`${sharedFiles[0]?.path}\`: better have none, or outside of the volume`,
        ),
    },
    {
      id: 'no-readiness',
      applies: ({ gate }) => gate.kind === 'uptime',
      verdict: ({ container, gate }) =>
        unproven(
          `\`${container}\` must serve within ${durationWords(gate.kind === 'uptime' ? gate.uptimeMs : 0)}: nothing says when it is ready; write \`health\``,
        ),
    },
    {
      id: 'connect-proves-nothing',
      applies: ({ gate, database }) => gate.kind === 'tcp' && database === null,
      verdict: ({ container }) =>
        unproven(
          `\`${container}\` must serve as soon as it listens: a connect proves no more; write \`health: {path: /}\``,
        ),
    },
  ],
);
