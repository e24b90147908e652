/** Whose packages an engine is installed from. */
export type PackageSource = 'distribution' | 'docker';
