import { nearest } from '../nearest.ts';
import { unreachable } from '../unreachable.ts';
import type { Problems } from './problems.ts';
import type { Template, TemplatePart } from './template.ts';
import { placeRange } from './text-place.ts';

/**
 * What may be interpolated where:
 *
 * | rule | facts of the stack | of the instance | of host and operator | secrets | the socket |
 * | --- | --- | --- | --- | --- | --- |
 * | `run` (env, command, entrypoint, health.command, files) | yes | yes | yes | yes | yes |
 * | `hidden` (migration, database, notifications) | yes | yes | yes | yes | no |
 * | `outside` (registries, hooks) | yes | no | yes | yes | no |
 * | `stored` (all that a label or a plan repeats) | yes | yes | yes | no | no |
 * | `shared` (stored, and one for all instances) | yes | no | yes | no | no |
 * | `built` (arguments of a build) | yes | no | yes | no | no |
 * | `fixed` (references) | yes | no | no | no | no |
 * | `written` (numbers, durations, schedules, words of a choice) | no | no | no | no | no |
 */
export type TemplateRule = 'run' | 'hidden' | 'outside' | 'stored' | 'shared' | 'built' | 'fixed' | 'written';

/** Reports every part that cannot stand under the rule, and secrets that the file does not declare. */
export function checkTemplate(
  template: Template,
  rule: TemplateRule,
  secrets: ReadonlySet<string>,
  problems: Problems,
): boolean {
  let sound = true;
  for (const part of template.parts) {
    const why = refusal(part, rule);
    const range = placeRange(template.place, part.start, part.end);
    if (why !== null) {
      problems.error('STK304', why.message, range, { help: why.help });
      sound = false;
    } else if (part.kind === 'secret' && !secrets.has(part.name)) {
      problems.error('STK330', `unknown secret \`${part.name}\``, range, {
        help: secretHelp(part.name, secrets),
      });
      sound = false;
    }
  }
  return sound;
}

/** What to tell somebody who names a secret that is not declared. */
function secretHelp(name: string, secrets: ReadonlySet<string>): string {
  const near = nearest(name, secrets);
  return near.length > 0
    ? `did you mean ${near.map((n) => `\`${n}\``).join(' or ')}?`
    : `declare it at the top of the file: \`secrets: {${name}: {env: ${name}}}\``;
}

interface Refusal {
  readonly message: string;
  readonly help: string;
}

function refusal(part: TemplatePart, rule: TemplateRule): Refusal | null {
  if (part.kind === 'text') return null;
  if (rule === 'written') return { message: 'this takes no `%{…}`', help: 'write the value itself' };
  switch (part.kind) {
    case 'secret':
      return secretRefusal(part.name, rule);
    case 'socket':
      return rule === 'run'
        ? null
        : {
            message: '`%{socket}` cannot stand here: it differs in every generation',
            help: 'it can stand in `command`, `entrypoint`, `env`, `health.command` and interpolated `files`',
          };
    case 'env':
      return rule === 'fixed' ? fixedRefusal(`%{env:${part.name}}`) : null;
    case 'name':
      return nameRefusal(part.name, rule);
    default:
      return unreachable(part);
  }
}

type ExpandingRule = Exclude<TemplateRule, 'written'>;

function secretRefusal(name: string, rule: ExpandingRule): Refusal | null {
  switch (rule) {
    case 'run':
    case 'hidden':
    case 'outside':
      return null;
    case 'stored':
    case 'shared':
      return {
        message: `\`%{secret:${name}}\` cannot stand here: the value would be readable in plans and on labels`,
        help: 'secrets can stand in `env`, `command`, `entrypoint`, `health.command`, `files`, `migration`, `database`, `notifications`, `hooks` and `registries`',
      };
    case 'built':
      return {
        message: `\`%{secret:${name}}\` cannot stand here: whoever has the image can read its build arguments`,
        help: 'give it to the container when it runs, in `env`',
      };
    case 'fixed':
      return fixedRefusal(`%{secret:${name}}`);
    default:
      return unreachable(rule);
  }
}

function nameRefusal(name: string, rule: ExpandingRule): Refusal | null {
  const ofStack = name === 'stack' || name === 'application' || name === 'container';
  const ofInstance = name === 'app_name' || name === 'index';
  switch (rule) {
    case 'run':
    case 'hidden':
    case 'stored':
      return null;
    case 'outside':
      return ofInstance || name === 'container' || name === 'application'
        ? {
            message: `\`%{${name}}\` cannot stand here: no container is meant`,
            help: 'write the value itself',
          }
        : null;
    case 'shared':
    case 'built':
      return ofInstance
        ? {
            message: `\`%{${name}}\` cannot stand here: it differs between instances, and they share this value`,
            help: 'write the value itself, or use `%{container}`',
          }
        : null;
    case 'fixed':
      return ofStack ? null : fixedRefusal(`%{${name}}`);
    default:
      return unreachable(rule);
  }
}

function fixedRefusal(what: string): Refusal {
  return {
    message: `\`${what}\` cannot stand here: this must be known from the file alone`,
    help: 'write the value itself',
  };
}
