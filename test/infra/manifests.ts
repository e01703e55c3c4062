import { join } from 'node:path';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';

const root = join(import.meta.dirname, '../..');

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  // biome-ignore lint/suspicious/noExplicitAny: what it holds is told by the kind, and checked by the models of Kubernetes.
  readonly [part: string]: any;
}

/** The documents of a file. @throws Error that names what is not YAML */
export function manifestsOf(text: string): Manifest[] {
  return parseAllDocuments(text, { merge: true }).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS() as Manifest;
  });
}

const packageOf = ({ apiVersion }: Manifest) =>
  apiVersion.startsWith('keda.sh/') ? `@kubernetes-models/keda/${apiVersion}` : `kubernetes-models/${apiVersion}`;

/** What the cluster would refuse: a value or a missing field by the models' validators, an unknown field by their types. */
export async function refusals(manifests: readonly Manifest[]): Promise<string[]> {
  return [...(await Promise.all(manifests.map(invalid))).flat(), ...unknownFields(manifests)];
}

async function invalid(manifest: Manifest): Promise<string[]> {
  const Model = (await import(packageOf(manifest)))[manifest.kind];
  if (Model === undefined) return [`There is no ${manifest.kind} in ${manifest.apiVersion}.`];
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`];
  }
}

/** The compiler knows the fields of an object literal: all manifests become one file of them, which is compiled in memory. */
function unknownFields(manifests: readonly Manifest[]): string[] {
  const name = join(root, 'manifests.ts');
  const text = manifests
    .map((manifest) => `(${JSON.stringify(manifest)}) satisfies import('${packageOf(manifest)}').I${manifest.kind};`)
    .join('\n');
  const options: ts.CompilerOptions = {
    ...{ noEmit: true, strict: true, skipLibCheck: true, types: [], lib: ['lib.es2022.d.ts'] },
    ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (file) => file === name || fileExists(file);
  host.getSourceFile = (file, target) =>
    file === name ? ts.createSourceFile(file, text, target) : getSourceFile.call(host, file, target);
  const program = ts.createProgram([name], options, host);
  const found = program.getSemanticDiagnostics(program.getSourceFile(name));
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}
