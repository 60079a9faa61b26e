/** Renders the chart with the real helm. */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { helmPath } from '../../hack/kubectl.ts';

const run = promisify(execFile);
export const CHART = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dpf-provisioning');

export interface Rendered {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: unknown;
}

export interface Rendering {
  values?: object;
  release?: string;
  namespace?: string;
  /** Version that the cluster is said to have. */
  kubeVersion?: string;
  /** API groups beside Kubernetes' own that the cluster is said to have. */
  apis?: readonly string[];
  /** Path of a kubeconfig: the templates see what is in that cluster. */
  cluster?: string;
}

/** What `helm template` prints. @throws with helm's words when the values are refused */
export async function render({
  values = {},
  release = 'dpf-provisioning',
  namespace = 'dpf-provisioning',
  kubeVersion,
  apis = [],
  cluster,
}: Rendering): Promise<string> {
  const set = Object.entries(values).flatMap(([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`]);
  const args = ['template', release, CHART, '--namespace', namespace, ...set, ...apis.flatMap((api) => ['--api-versions', api])];
  if (kubeVersion !== undefined) args.push('--kube-version', kubeVersion);
  if (cluster !== undefined) args.push('--dry-run=server', '--kubeconfig', cluster);
  try {
    return (await run(await helmPath(), args, { maxBuffer: 1 << 26 })).stdout;
  } catch (error) {
    throw new Error((error as { stderr?: string }).stderr || (error as Error).message, { cause: error });
  }
}

/** The same as objects. */
export async function objects(rendering: Rendering): Promise<Rendered[]> {
  const documents = parseAllDocuments(await render(rendering));
  return [...documents].map((document) => document.toJS() as Rendered | null).filter((object) => object !== null);
}

/** What `helm install` would say to the user. */
export async function notes({ values = {}, namespace = 'dpf-provisioning', cluster }: Rendering): Promise<string> {
  const set = Object.entries(values).flatMap(([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`]);
  const args = ['install', 'dpf-provisioning', CHART, '--namespace', namespace, '--hide-secret', ...set];
  args.push(...(cluster === undefined ? ['--dry-run=client'] : ['--dry-run=server', '--kubeconfig', cluster]));
  const { stdout } = await run(await helmPath(), args, { maxBuffer: 1 << 26 });
  return stdout.slice(stdout.lastIndexOf('\nNOTES:'));
}

/** `helm lint --strict`. @throws with what it finds */
export async function lint(values: object): Promise<void> {
  const set = Object.entries(values).flatMap(([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`]);
  await run(await helmPath(), ['lint', '--strict', CHART, ...set]).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(error.stdout + error.stderr);
  });
}

export interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  imagePullSecrets?: { name: string }[];
  automountServiceAccountToken?: boolean;
  serviceAccountName?: string;
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostIPC?: boolean;
  priorityClassName?: string;
  nodeSelector?: Record<string, string>;
  tolerations?: object[];
  affinity?: object;
  topologySpreadConstraints?: object[];
  volumes?: { name: string; hostPath?: { path: string; type: string }; projected?: { sources: object[] } }[];
}

export interface Container {
  name: string;
  image: string;
  env?: { name: string; value?: string }[];
  resources?: { requests?: object; limits?: object };
  securityContext?: Record<string, unknown>;
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean; mountPropagation?: string }[];
  [field: string]: unknown;
}

/** The Pod of a Pod, a workload or a Job. */
export function podOf(object: Rendered): PodSpec | undefined {
  if (object.kind === 'Pod') return object['spec'] as PodSpec;
  if (!['Deployment', 'StatefulSet', 'DaemonSet', 'Job'].includes(object.kind)) return undefined;
  return (object['spec'] as { template: { spec: PodSpec } }).template.spec;
}

/** The only object of that kind and name. */
export function find(all: readonly Rendered[], kind: string, name: string): Rendered {
  const found = all.filter((object) => object.kind === kind && object.metadata.name === name);
  if (found.length !== 1) throw new Error(`${found.length} objects ${kind} ${name}`);
  return found[0] as Rendered;
}
