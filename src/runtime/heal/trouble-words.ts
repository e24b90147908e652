import type { Trouble } from '../../compiler/heal/policy.ts';
import { unreachable } from '../../compiler/unreachable.ts';

/** What is wrong with an instance, for the agent's log. `answer`: what it answers its agent; null where it is not asked. */
export function troubleWords(trouble: Trouble | undefined, answer: string | null): string {
  switch (trouble) {
    case 'gone':
    case 'ended':
      return trouble;
    case 'unpublished':
      return 'its published socket leads nowhere';
    case 'unhealthy':
      return answer === null ? 'unhealthy' : `unhealthy: ${answer}`;
    case 'looping':
      return 'ends again and again';
    case 'cut off':
      return 'its last healing was cut off';
    case undefined:
      return 'broken';
    default:
      return unreachable(trouble);
  }
}
