/** `shop`, or `shop-blog` for an application that is not named like its stack: the start of every name on an engine. */
export function baseName(stack: string, application: string): string {
  return application === stack ? stack : `${stack}-${application}`;
}

/** The name of an instance's current generation: `shop-app0`. */
export function instanceEngineName(stack: string, application: string, instance: string): string {
  return `${baseName(stack, application)}-${instance}`;
}

/** The name of a generation that is not current: `shop-app0.3.next`. */
export function generationName(engineName: string, generation: number, phase: 'next' | 'old' | 'failed'): string {
  return `${engineName}.${generation}.${phase}`;
}
