import { extname } from 'node:path';

/**
 * The file of a module that runs in a thread or process of its own, compiled or not as the module beside it is.
 *
 * @param module `import.meta.url` of the one that starts it
 * @param name without an extension
 */
export function sibling(module: string, name: string): URL {
  return new URL(`./${name}${extname(new URL(module).pathname)}`, module);
}
