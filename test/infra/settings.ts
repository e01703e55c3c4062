import { sections } from '../../src/app/config.js';

/** Variables that a process of the program reads without declaring them: of its image, of S3's and of OpenTelemetry's library. */
const LIBRARIES = /^(NODE_ENV|NODE_OPTIONS|AWS_[A-Z_]+|OTEL_[A-Z_]+)$/;
const declared = new Set(Object.values(sections).flatMap(({ schema }) => Object.keys(schema.shape)));

/** Those of the names that neither the program nor its libraries read. */
export function unknownSettings(names: readonly string[]): string[] {
  return names.filter((name) => !declared.has(name) && !LIBRARIES.test(name));
}
