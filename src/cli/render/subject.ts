import type { Plan, Subject } from '../../compiler/plan/plan.ts';
import { unreachable } from '../../compiler/unreachable.ts';

/** Names a change's subject for people. */
export type SubjectName = (subject: Subject) => string;

/** The application stands before a name only where a plan has several. */
export function subjectNames(plan: Pick<Plan, 'changes'>): SubjectName {
  const applications = new Set(
    plan.changes.flatMap(({ subject }) => ('application' in subject ? [subject.application] : [])),
  );
  const scope = (application: string) => (applications.size > 1 ? `${application}/` : '');
  return (subject) => {
    switch (subject.kind) {
      case 'instance':
        return `${scope(subject.application)}${subject.instance}`;
      case 'migration':
        return `migration ${scope(subject.application)}${subject.container}`;
      case 'schedule':
        return `${scope(subject.application)}${subject.container}`;
      case 'network':
      case 'volume':
      case 'image':
      case 'agent':
      case 'run':
        return `${subject.kind} ${subject.name}`;
      case 'kept':
        return subject.name;
      case 'adoption':
        return subject.name;
      default:
        return unreachable(subject);
    }
  };
}

/**
 * Names what nodes (`group`) and `waitsFor` speak of: a change by its id, or all instances of a container by
 * `application/container`.
 */
export function changeNames(plan: Pick<Plan, 'changes'>): (id: string) => string {
  const name = subjectNames(plan);
  const known = new Map<string, string>();
  for (const { id, subject } of plan.changes) {
    if (subject.kind === 'instance') {
      const { application, container } = subject;
      known.set(`${application}/${container}`, name({ ...subject, instance: container }));
    }
    known.set(id, name(subject));
  }
  return (id) => known.get(id) ?? id;
}

/** Tells ids (of changes, or `application/container`) where nothing is done, so that nothing waits for them. */
export function idleIds(plan: Pick<Plan, 'changes'>): (id: string) => boolean {
  const idle = new Map<string, boolean>();
  for (const { id, subject, action } of plan.changes) {
    const nothing = action === 'none' || action === 'hold';
    if (subject.kind === 'instance') {
      const container = `${subject.application}/${subject.container}`;
      if (container !== id) idle.set(container, nothing && (idle.get(container) ?? true));
    }
    idle.set(id, nothing);
  }
  return (id) => idle.get(id) ?? false;
}
