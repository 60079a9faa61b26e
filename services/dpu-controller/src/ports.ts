/** The ports inside dpu-controller: the tenant clusters (src/tenant implements them) and what the agents' endpoint (src/gateway) calls. */
import type { AgentApiError, Announcement, AnnounceReply, ClaimRequest, OperationRef, OperationSpec, Report, ReportReply } from '@dpf/api';
import type { WorkResult } from '@dpf/queue';
import type { ClusterName, TenantFacts } from './lifecycle/observed.ts';

/** The Dpu on whose behalf a tenant cluster is used. `namespace` decides whether the cluster is granted. */
export interface TenantUser {
  namespace: string;
  /** Also the name of its Node in the tenant cluster. */
  name: string;
  uid: string;
}

/** What a DPU needs to join: it goes into bf.cfg and nowhere else. `token` is secret. */
export interface Join {
  /** `host:port` of the tenant's API server. */
  endpoint: string;
  token: string;
  /** 64 hex digits. */
  caCertHash: string;
}

/** Thrown when a cluster cannot be used: the facts say why. */
export class TenantError extends Error {
  override readonly name = 'TenantError';
  readonly facts: Exclude<TenantFacts, { state: 'Reachable' }>;
  constructor(facts: Exclude<TenantFacts, { state: 'Reachable' }>) {
    super(facts.message);
    this.facts = facts;
  }
}

/** All but `observe` throw TenantError when the cluster is not granted, missing, invalid or out of reach. Every write may be repeated. */
export interface TenantClusters {
  /** Never throws for a cluster that cannot be used: that is a fact. From a watched store as soon as the cluster is in use. */
  observe(cluster: ClusterName, user: TenantUser, options?: { signal?: AbortSignal }): Promise<TenantFacts>;
  /** Cordons and deletes the Node with this name and this uid; gone already is success. Refuses a Node without a `dpu-uid` label. */
  cordonAndDeleteNode(cluster: ClusterName, user: TenantUser, nodeUid: string, options?: { signal?: AbortSignal }): Promise<void>;
  /** Merges labels into the Node with this name and this uid; a Node with another uid is left alone. */
  labelNode(
    cluster: ClusterName,
    user: TenantUser,
    nodeUid: string,
    labels: Readonly<Record<string, string>>,
    options?: { signal?: AbortSignal },
  ): Promise<void>;
  /** The bootstrap token of this Dpu and attempt: made if there is none, extended if less than half of its hour is left. */
  ensureJoin(cluster: ClusterName, user: TenantUser, attempt: number, options?: { signal?: AbortSignal }): Promise<Join>;
  /** Another hour for the tokens that this Dpu has in this attempt, once less than half of the last one is left. Makes none: whoever asks late leaves nothing behind. May be asked at every look. */
  extendToken(cluster: ClusterName, user: TenantUser, attempt: number, options?: { signal?: AbortSignal }): Promise<void>;
  /** Deletes every bootstrap token of this Dpu. */
  deleteToken(cluster: ClusterName, user: TenantUser, options?: { signal?: AbortSignal }): Promise<void>;
  /** Called when a tenant Node appears, goes, or changes readiness, labels, cordon or uid. Returns the unsubscriber. */
  onNodeEvent(handler: (node: { cluster: ClusterName; name: string }) => void): () => void;
  /** Tells which clusters Dpus refer to now; the watches of the others end. */
  inUse(clusters: readonly ClusterName[]): void;
  close(): Promise<void>;
}

export type ClaimAnswer = { granted: OperationSpec } | Refusal;
export type ReportAnswer = { accepted: ReportReply } | Refusal;
export type AnnounceAnswer = { accepted: AnnounceReply } | Refusal;
/** 403: not this node's; 409: stale, drop it. */
export interface Refusal {
  refused: AgentApiError;
  status: 403 | 409;
}

/**
 * What the agents' endpoint calls. `node` is the node that the caller was authenticated as. A throw is an outage
 * (API server, Redis, tenant): the endpoint answers 503 and the agent keeps it and tries again.
 */
export interface Reconciler {
  /** Works one key of the dpu queue: `dpu/…`, `bfb/…` (fans out) or `node/…` (sweeps). */
  reconcile(key: string, options: { resourceVersion?: string; signal: AbortSignal }): Promise<WorkResult>;
  claim(ref: OperationRef, node: string, request: ClaimRequest, signal?: AbortSignal): Promise<ClaimAnswer>;
  report(ref: OperationRef, node: string, report: Report, signal?: AbortSignal): Promise<ReportAnswer>;
  announce(node: string, announcement: Announcement, signal?: AbortSignal): Promise<AnnounceAnswer>;
}
