/** An installation of the chart in a cluster, in simulator mode, and what the stories are told with. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NODE_LABELS, type Node } from '@dpf/api';
import { connect, CORE, type Cluster } from '@dpf/kube';
import { helmPath } from '../../hack/kubectl.ts';
import { NAMESPACE } from '../fleet/control-plane.ts';
import { kubectlFor, type Kubectl } from '../fleet/kubectl.ts';
import { Watching } from '../fleet/watching.ts';
import { WORKSPACE } from '../fleet/workspace.ts';
import { Hosts, type NodeCommands } from './hosts.ts';
import type { Report } from './report.ts';

const run = promisify(execFile);
export const RELEASE = 'dpf-provisioning';
export const DPUS_PER_NODE = 2;

/** How to reach the cluster and what is installed there. */
export interface Settings {
  kubeconfig: string;
  registry: string;
  tag: string;
  /** Tag of further images, to which the services are upgraded during a rollout; absent: they are not. */
  upgradeTag?: string;
  /** Files with values of the chart, and single ones as for helm's --set. */
  values: string[];
  set: string[];
  /** Commands that end a node and start it; absent: resets are simulated. */
  nodeOff?: string;
  nodeOn?: string;
  /** Command that kills a container on a node; absent: its process is asked to stop. */
  containerKill?: string;
  /** Command that prints the names of our files on a node; absent: they are not looked for. */
  nodeLook?: string;
  /** Path of the API server's audit log. */
  auditLog?: string;
  speed: number;
}

/** A release of the chart. */
export interface Place {
  release: string;
  namespace: string;
}

export interface Installation {
  place: Place;
  options: Settings;
  report: Report;
  cluster: Cluster;
  kubectl: Kubectl;
  hosts: Hosts;
  /** How to reboot nodes; absent: resets are simulated. */
  commands?: NodeCommands;
  /** Names of the nodes that are hosts. */
  nodes: string[];
  helm: (...argv: string[]) => Promise<{ stdout: string; stderr: string }>;
  close(): Promise<void>;
}

export async function connectTo(
  options: Settings,
  report: Report,
  place: Place = { release: RELEASE, namespace: NAMESPACE },
): Promise<Installation> {
  const { kubeconfig, nodeOff, nodeOn } = options;
  const cluster = await connect({ kubeconfigFile: kubeconfig, userAgent: 'dpf-e2e' });
  const kubectl = await kubectlFor(kubeconfig);
  const binary = await helmPath();
  const helm = async (...argv: string[]) => {
    try {
      return await run(binary, ['--kubeconfig', kubeconfig, '--namespace', place.namespace, ...argv], { maxBuffer: 64 << 20 });
    } catch (error) {
      throw new Error(`helm ${argv[0]}: ${(error as { stderr?: string }).stderr ?? String(error)}`, { cause: error });
    }
  };
  const nodes = (await cluster.resource<Node>(CORE.Node).list({ labelSelector: 'kubernetes.io/os=linux' })).items;
  return {
    place,
    options,
    report,
    cluster,
    kubectl,
    hosts: new Hosts(cluster, kubectl, place.namespace),
    ...(nodeOff && nodeOn && { commands: { off: nodeOff, on: nodeOn } }),
    nodes: nodes.map(({ metadata }) => metadata.name),
    helm,
    close: () => cluster.close(),
  };
}

/** `helm upgrade --install` with the options' values and some more; resolves when all Pods are ready. */
export async function install(installation: Installation, ...more: string[]): Promise<void> {
  const wait = ['--install', '--create-namespace', '--wait', '--timeout', '300s'];
  await installation.helm('upgrade', ...wait, ...chartWithValues(installation), ...more);
}

/** `helm uninstall`; resolves when all is gone. */
export const uninstall = ({ helm, place }: Installation, ...more: string[]) =>
  helm('uninstall', place.release, '--wait', '--timeout', '290s', ...more);

/** Arguments of helm: the release, the chart and its values. */
export function chartWithValues({ options, commands, place }: Installation): string[] {
  const values = {
    'image.registry': options.registry,
    'image.tag': options.tag,
    'simulator.enabled': 'true',
    'simulator.dpusPerNode': String(DPUS_PER_NODE),
    'simulator.speed': String(options.speed),
    'simulator.images.bytes': '8388608',
    'simulator.reboot': commands ? 'node' : 'simulated',
  };
  return [
    place.release,
    join(WORKSPACE, 'charts', RELEASE),
    ...options.values.flatMap((file) => ['--values', file]),
    ...Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
    ...options.set.flatMap((value) => ['--set', value]),
  ];
}

/** Every host is labelled as one with DPUs. */
export async function discovered({ cluster, nodes }: Installation, seconds: number): Promise<void> {
  const watching = await Watching.start<Node>(cluster, CORE.Node);
  try {
    const isHost = ({ metadata }: Node) => metadata.labels?.[NODE_LABELS.dpuEnabled] !== undefined;
    await watching.until('every host is labelled', (all) => all.filter(isHost).length === nodes.length, seconds);
  } finally {
    await watching.stop();
  }
}
