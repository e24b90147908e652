import { instanceEngineName } from '../names.ts';

/** Names of containers, such that no two instances and no instance and another container are called alike. */
export class ContainerNames {
  readonly #stack: string;
  readonly #reserved: ReadonlySet<string>;
  /** Of containers and instances, by application; of instances on the engine. */
  readonly #taken = new Set<string>();

  /** `reserved`: of data volumes, which have to be called as they are. */
  constructor(stack: string, reserved: readonly string[]) {
    this.#stack = stack;
    this.#reserved = new Set(reserved);
  }

  /** The wanted name, or one with a number behind it that is free. */
  fitting(application: string, wanted: string, count: number): string {
    for (let number = 1; ; number++) {
      const name = number === 1 ? wanted : `${wanted}-${number}`;
      if (this.#reserved.has(name)) continue;
      if (!this.#claims(application, name, count).some((claim) => this.#taken.has(claim))) return name;
    }
  }

  /** The same, and nobody else gets it. */
  take(application: string, wanted: string, count: number): string {
    const name = this.fitting(application, wanted, count);
    for (const claim of this.#claims(application, name, count)) this.#taken.add(claim);
    return name;
  }

  #claims(application: string, name: string, count: number): readonly string[] {
    const instances = Array.from({ length: count }, (_, index) => `${name}${index}`);
    return [
      `${application}\0${name}`,
      ...instances.map((instance) => `${application}\0${instance}`),
      ...instances.map((instance) => instanceEngineName(this.#stack, application, instance)),
    ];
  }
}
