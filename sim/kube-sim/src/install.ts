/** Objects that the server makes for itself at the start. */
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Api, Call } from './api.ts';
import { CRD } from './resources/crd.ts';
import { asObject } from './schema/metadata.ts';
import { ApiFailure } from './status.ts';
import { create, update } from './verbs/write.ts';

/** A call by the server itself. Throws where there is no such resource. */
export function systemCall(api: Api, apiVersion: string, plural: string): Call {
  const resource = api.registry.find(apiVersion, plural);
  if (!resource) throw new Error(`no resource ${plural} in ${apiVersion}`);
  return { resource, user: { name: 'system:apiserver', groups: ['system:masters'] }, userAgent: 'kube-sim', query: new URLSearchParams() };
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
  const call = systemCall(api, 'apiextensions.k8s.io/v1', CRD.plural);
  for (const file of (await Promise.all(paths.map(filesOf))).flat()) {
    for (const document of parseAllDocuments(await readFile(file, 'utf8'))) {
      const value: unknown = document.toJS();
      if ((value as { kind?: string } | null)?.kind !== CRD.kind) continue;
      try {
        const object = asObject(value, { apiVersion: 'apiextensions.k8s.io/v1', kind: CRD.kind });
        const old = api.store.collection(CRD.collection).items.get(object.metadata.name);
        if (old) update(api, call, old, { ...object, status: old.object['status'] }, () => undefined);
        else create(api, call, object, () => undefined);
      } catch (error) {
        throw new Error(`${file}: ${error instanceof ApiFailure ? error.message : String(error)}`, { cause: error });
      }
    }
  }
}
