/** Objects that the server makes for itself at the start. */
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { collectionOf, type Api, type Call } from './api.ts';
import { CRD } from './resources/crd.ts';
import type { Resource } from './resources/resource.ts';
import { ApiFailure } from './status.ts';
import { create, inputOf, update } from './verbs/write.ts';

const callOf = (resource: Resource): Call => ({
  resource,
  user: { name: 'system:apiserver', groups: ['system:masters'] },
  userAgent: 'kube-sim',
  query: new URLSearchParams(),
});

/** The namespaces that every cluster has. */
export function installNamespaces(api: Api): void {
  const call = callOf(api.registry.find('v1', 'namespaces')!);
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease'])
    if (!collectionOf(api, call.resource).items.has(name))
      create(api, call, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, () => undefined);
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  return (await readdir(path))
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

/** Installs the CustomResourceDefinitions found in files and folders; other documents in them are passed over. Throws with file and fault. */
export async function installDefinitions(api: Api, paths: string[]): Promise<void> {
  const call = callOf(CRD);
  for (const file of (await Promise.all(paths.map(filesOf))).flat()) {
    for (const document of parseAllDocuments(await readFile(file, 'utf8'))) {
      const value: unknown = document.toJS();
      if ((value as { kind?: string } | null)?.kind !== CRD.kind) continue;
      try {
        const object = inputOf(CRD, value);
        const old = collectionOf(api, CRD).items.get(object.metadata.name);
        if (old) update(api, call, old, { ...object, status: old.object['status'] }, () => undefined);
        else create(api, call, object, () => undefined);
      } catch (error) {
        throw new Error(`${file}: ${error instanceof ApiFailure ? error.message : String(error)}`, { cause: error });
      }
    }
  }
}
