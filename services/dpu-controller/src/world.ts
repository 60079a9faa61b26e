/** What dpu-controller reads from and writes to, gathered once at start. Holds no state of its own between two reconciles. */
import type { Bfb, ConfigMap, Dpu, DPUFlavor, Node, Secret } from '@dpf/api';
import type { EventRecorder, ResourceClient, Store } from '@dpf/kube';
import type { OperationSender } from '@dpf/queue';
import type { Logger } from '@dpf/service';
import { placeOf } from './place.ts';
import type { TenantClusters } from './ports.ts';

export interface World {
  /** Kept up to date by watches. Dpus are found by the indexes of {@link DPU_INDEXES}. */
  readonly stores: { readonly dpus: Store<Dpu>; readonly nodes: Store<Node>; readonly flavors: Store<DPUFlavor> };
  /** The host's API server itself. */
  readonly api: {
    readonly dpus: ResourceClient<Dpu>;
    readonly nodes: ResourceClient<Node>;
    readonly bfbs: Pick<ResourceClient<Bfb>, 'get'>;
    readonly secrets: ResourceClient<Secret>;
    readonly configMaps: ResourceClient<ConfigMap>;
  };
  readonly events: EventRecorder;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly tenants: TenantClusters;
  readonly operations: OperationSender;
  /** Wakes a key of the dpu queue. */
  readonly wake: (key: string) => Promise<void>;
  readonly settings: Settings;
  readonly clock: Clock;
  /** 0 ≤ chance < 1. */
  readonly chance: () => number;
}

export interface Settings {
  /** Whose Dpus are ours. Empty: all. */
  readonly namespaces: readonly string[];
  /** Who writes the discovery labels of Nodes: NFD, or we from the agents' announcements. */
  readonly discovery: 'nfd' | 'agent';
  /** How long an operation may wait for the agent of its host before that one is told to be silent. */
  readonly agentSilentSeconds: number;
  readonly maxParallelInstalls?: number;
  readonly maxUnavailableNodes?: number;
}

/** Of another namespace nothing is asked: its Dpus are another release's, and there is no right to read them. */
export const isOurs = ({ namespaces }: Settings, namespace: string): boolean => namespaces.length === 0 || namespaces.includes(namespace);

/** Whether the Dpu that a record names exists, as far as that is ours to say. */
export const isKnown = ({ stores, settings }: World, uid: string, namespace: string): boolean =>
  !isOurs(settings, namespace) || stores.dpus.byIndex('uid', uid).length > 0;

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

/** How Dpus are found in the store. */
export const DPU_INDEXES = {
  uid: ({ metadata }: Dpu): string[] => (metadata.uid ? [metadata.uid] : []),
  host: ({ spec }: Dpu): string[] => [spec.nodeName],
  name: ({ metadata }: Dpu): string[] => [metadata.name],
  flavor: ({ metadata, spec }: Dpu): string[] => [`${metadata.namespace}/${spec.dpuFlavor}`],
  bfb: ({ metadata, spec }: Dpu): string[] => [`${metadata.namespace}/${spec.bfb}`],
  /** Under the controller-wide limits. */
  place: (dpu: Dpu): string[] => [placeOf(dpu)].filter((place) => place !== undefined),
} as const;
