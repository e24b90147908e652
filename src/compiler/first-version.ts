/** What this program has written as JSON for itself, with a list by this name; null for what another version wrote, or nobody. */
export function firstVersion<T extends { readonly version: 1 }>(text: string, list: keyof T): T | null {
  try {
    // The same version has written it.
    const found: T = JSON.parse(text);
    return found.version === 1 && Array.isArray(found[list]) ? found : null;
  } catch {
    return null;
  }
}
