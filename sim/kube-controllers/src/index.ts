/** What kube-controller-manager does, as far as a provisioning system meets it. */
import type { Pki } from '@dpf/pki';
import type { ControlledApi } from './api.ts';
import { keepClusterInfo } from './cluster-info.ts';
import { keepHouse } from './housekeeping.ts';
import { answerSigningRequests } from './signing-requests.ts';

export type { ControlledApi, DeleteOptions, KubeObject, Place } from './api.ts';
export { readBootstrapToken } from './bootstrap-token.ts';

/** @param url where clients reach the API. Returns what stops all of them. */
export function startControllers(api: ControlledApi, pki: Pki, url: string): () => void {
  const stops = [keepHouse(api), keepClusterInfo(api, url, pki.caPem), answerSigningRequests(api, pki)];
  return () => stops.forEach((stop) => stop());
}
