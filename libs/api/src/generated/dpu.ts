// Generated from crds/dpus.yaml by hack/generate-types.ts: do not edit.
import type { KubeObject } from '../objects.ts';

/** Which card, what it is installed with, and what it joins. Changing the image or the flavor installs the card anew. */
export interface DpuSpec {
  /** Name of the host's Node. */
  nodeName: string;
  /** Where the card is in its host: PCI domain, bus and device, for example 0000-4b-00. */
  pciAddress: string;
  /** Number of the rollout grant under which this spec was last changed. Written by dpuset-controller; it only grows. */
  grant?: number;
  /** Name of a Bfb in this namespace. */
  bfb: string;
  /** Name of a DPUFlavor in this namespace. */
  dpuFlavor: string;
  /** How workloads are kept away from the host while its DPU is provisioned: exactly one of taint, customLabel and noEffect. When absent, nothing is done. */
  nodeEffect?: {
    /** This taint is put on the host's Node, and taken off once the DPU is Ready. */
    taint?: {
      /** Key of the taint. */
      key: string;
      /** Value of the taint. */
      value?: string;
      /** What it does to Pods that do not tolerate it. */
      effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
    };
    /** These labels are put on the host's Node, and taken off once the DPU is Ready. */
    customLabel?: Record<string, string>;
    /** true leaves the Node as it is. */
    noEffect?: boolean;
  };
  /** The tenant cluster that the DPU joins: a Kamaji TenantControlPlane, whose admin kubeconfig is the Secret `<name>-admin-kubeconfig`. When absent, the DPU is installed and configured and joins nothing. */
  cluster?: {
    /** Name of the TenantControlPlane. */
    name: string;
    /** Namespace of the TenantControlPlane. */
    namespace: string;
    /** Labels of the DPU's Node in the tenant cluster. */
    nodeLabels?: Record<string, string>;
  };
  /** Whether the host is rebooted when an install needs it. With false a person is asked to do it. */
  automaticNodeReboot?: boolean;
  /** true starts nothing new on this DPU. An install that is under way comes to its end. */
  paused?: boolean;
}
/** What was seen of the DPU. Written by dpu-controller. */
export interface DpuStatus {
  /** The metadata.generation that this status is about. */
  observedGeneration?: number;
  /** Where the DPU is in its life. A summary for people; the conditions say why. */
  phase?: 'Initializing' | 'Pending' | 'NodeEffect' | 'OSInstalling' | 'Rebooting' | 'HostNetworkConfiguration' | 'DPUClusterConfig' | 'Ready' | 'Error' | 'Deleting';
  /** When the present phase began. */
  phaseSince?: string;
  /** The state in detail. Initialized, BFBReady, PreflightPassed, NodeEffectReady, OSInstalled, Rebooted, HostNetworkReady and ClusterJoined are the steps of an attempt, in this order. Ready: the DPU is in service. Reconciling: work is under way. Stalled: a person is needed. */
  conditions?: {
    /** Which aspect. */
    type: string;
    /** Whether it holds. */
    status: 'True' | 'False' | 'Unknown';
    /** Why, in one word for machines. */
    reason: string;
    /** Why, in a sentence for people. */
    message: string;
    /** When the status last changed. */
    lastTransitionTime: string;
    /** The metadata.generation that the condition is about. */
    observedGeneration?: number;
  }[];
  /** One sentence: what is awaited, on which object, since when. */
  waitingFor?: string;
  /** How far the present operation is; updated at most every 10 seconds. */
  progress?: {
    /** Percent of the present operation. */
    percent: number;
    /** What is being done, in a sentence. */
    message: string;
  };
  /** The present try to provision this DPU, or the last one. */
  attempt?: {
    /** Number of the try; every try has a new one. */
    number: number;
    /** Tries that failed since the spec last changed. */
    retries: number;
    /** When the try began. */
    startedAt: string;
    /** When the next try begins; present while waiting for it. */
    nextRetryTime?: string;
    /** Since when the reset of the host is asked for; present while waiting for it. */
    resetDueAt?: string;
    /** What this try installs, frozen at its start. A change during the install waits for the next try. */
    inputs?: {
      /** Name of the Bfb. */
      bfb: string;
      /** SHA-256 of the image. */
      bfbSha256: string;
      /** Name of the DPUFlavor. */
      dpuFlavor: string;
      /** Hash of the DPUFlavor and of what it refers to. */
      flavorHash: string;
      /** Identity of the tenant cluster. */
      clusterUid?: string;
    };
    /** The spec.grant under which this try began. */
    grant?: number;
    /** The metadata.generation that this try works on. */
    generation?: number;
    /** Number of the try whose installation is on the card, when a later try repeats only what comes after it. */
    installed?: number;
  };
  /** What the agent of the host was asked to do last. One operation at a time. */
  operation?: {
    /** Identity of the operation: kind, metadata.uid of the Dpu, number of the try. */
    id: string;
    /** What is to be done. */
    kind: 'preflight' | 'install' | 'hostNetwork' | 'cleanup';
    /** How far it is. Claimed means that the agent may have begun. */
    state: 'Open' | 'Claimed' | 'Cancelling' | 'Succeeded' | 'Failed';
    /** Percent, as the agent reports it. */
    percent?: number;
    /** What the agent reports, in a sentence. */
    message?: string;
    /** Number of the host's boot in which the install ended. The host was rebooted once the agent announces a greater one. */
    bootToLeave?: number;
    /** When the operation was submitted. */
    openedAt?: string;
    /** When the agent last reported. */
    reportedAt?: string;
  };
  /** Why the last try failed; absent once the DPU is Ready. */
  lastError?: {
    /** One word for machines. */
    reason: string;
    /** What happened and what to do about it. */
    message: string;
    /** When it failed. */
    at: string;
    /** What has to happen before it can succeed. */
    class?: 'transient' | 'needsReset' | 'needsHuman' | 'neverSucceeds';
  };
  /** Version of the image that is installed. */
  bfbVersion?: string;
  /** PCI address of the card's first function on the host, for example 0000:4b:00.0. */
  pciDevice?: string;
  /** The card, as its host reads it. */
  device?: {
    /** Serial number. */
    serial?: string;
    /** Parameter set id of the firmware. */
    psid?: string;
    /** Part number. */
    partNumber?: string;
    /** Generation of the card. */
    generation?: 'BlueField-1' | 'BlueField-2' | 'BlueField-3' | 'Unknown';
  };
  /** Firmware versions of the card, as far as they could be read. */
  firmware?: {
    /** Network controller. */
    nic?: string;
    /** UEFI. */
    uefi?: string;
    /** Board management controller. */
    bmc?: string;
  };
  /** What is installed on the card; copied from the inputs of the try that did it. */
  provisioned?: {
    /** SHA-256 of the image. */
    bfbSha256: string;
    /** Hash of the DPUFlavor and of what it refers to. */
    flavorHash: string;
    /** When the install ended. */
    at: string;
  };
  /** Present when what is installed is no longer what the spec names, or the card was exchanged. */
  outdated?: {
    /** One word for machines. */
    reason: string;
    /** What differs, in a sentence. */
    message: string;
  };
  /** The last tries, the latest last. */
  history?: {
    /** Number of the try. */
    attempt: number;
    /** How it ended. */
    result: string;
    /** Why it failed, in one word. */
    reason?: string;
    /** Whole seconds that it spent in each phase. */
    seconds?: Record<string, number>;
  }[];
  /** The value of the annotation provisioning.dpu.nvidia.com/retry that was handled last. */
  handledRetry?: string;
  /** The tenant cluster that the software on the card was told to join. */
  tenantCluster?: {
    /** Name of the TenantControlPlane. */
    name: string;
    /** Its namespace. */
    namespace: string;
  };
  /** Tenant clusters that the DPU has left, and that may still have its Node because they could not be used since. */
  formerClusters?: {
    /** Name of the TenantControlPlane. */
    name: string;
    /** Its namespace. */
    namespace: string;
  }[];
  /** The uid of the tenant Node that the present software registered as. */
  tenantNodeUid?: string;
}
/** One DPU of one host. Made by a DpuSet, or by hand for a single card. */
export interface Dpu extends KubeObject {
  spec: DpuSpec;
  status?: DpuStatus;
}
