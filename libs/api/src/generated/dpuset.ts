// Generated from crds/dpusets.yaml by hack/generate-types.ts: do not edit.
import type { KubeObject } from '../objects.ts';

/** Which DPUs, and how they are to be. */
export interface DpuSetSpec {
  /** Selects hosts by the labels of their Nodes. */
  nodeSelector: {
    /** Labels that the Node must have, with these values. */
    matchLabels?: Record<string, string>;
    /** Conditions that the labels of the Node must meet, all of them. */
    matchExpressions?: {
      /** Name of the label. */
      key: string;
      /** How the label is compared with the values. */
      operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
      /** The values; for In and NotIn only. */
      values?: string[];
    }[];
  };
  /** Selects among the DPUs of a host by the Node labels that discovery writes for each (feature.node.kubernetes.io/dpu-<i>-…): a DPU is selected when at least one of these labels carries its index and all that do have the given value. When absent or empty, every DPU of the host. */
  dpuSelector?: Record<string, string>;
  /** How a change of the template reaches DPUs that exist. */
  strategy?: {
    /** RollingUpdate: host by host, within rollingUpdate. OnDelete: a Dpu keeps its configuration until it is deleted. Recreate is another name for OnDelete. */
    type?: 'RollingUpdate' | 'OnDelete' | 'Recreate';
    /** The pace of RollingUpdate. */
    rollingUpdate?: {
      /** How many DPUs of the set may be unavailable at once: a number, or a percentage of all, rounded down but never below 1. The DPUs of one host go together; a host with more than that goes alone. */
      maxUnavailable?: number | string;
    };
  };
  /** true stops the set from creating, changing and removing Dpus. What is under way comes to its end. */
  paused?: boolean;
  /** What every Dpu of the set is made from. */
  dpuTemplate: {
    /** Labels and annotations of the Dpus. */
    metadata?: {
      /** Labels of the Dpus, beside those that the set writes. */
      labels?: Record<string, string>;
      /** Annotations of the Dpus. */
      annotations?: Record<string, string>;
    };
    /** What the Dpus are installed with, and what they join. */
    spec: {
      /** Name of a DPUFlavor in this namespace. */
      dpuFlavor: string;
      /** The image. */
      BFB: {
        /** Name of a Bfb in this namespace. */
        bfb: string;
      };
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
      /** Whether the host is rebooted when an install needs it. With false a person is asked to do it. */
      automaticNodeReboot?: boolean;
      /** The tenant cluster that the DPU joins: a Kamaji TenantControlPlane, whose admin kubeconfig is the Secret `<name>-admin-kubeconfig`. When absent, the DPU is installed and configured and joins nothing. */
      cluster?: {
        /** Name of the TenantControlPlane. */
        name: string;
        /** Namespace of the TenantControlPlane. */
        namespace: string;
        /** Labels of the DPU's Node in the tenant cluster. */
        nodeLabels?: Record<string, string>;
      };
    };
  };
}
/** What was seen of the set. Written by dpuset-controller. */
export interface DpuSetStatus {
  /** The metadata.generation that this status is about. */
  observedGeneration?: number;
  /** DPUs that the set selects. */
  desired?: number;
  /** Dpus that the set has. */
  current?: number;
  /** Dpus that have the present template. */
  updated?: number;
  /** Dpus that are Ready. */
  ready?: number;
  /** Dpus that are not Ready, or granted a change that has not ended. */
  unavailable?: number;
  /** Dpus in phase Error. */
  failed?: number;
  /** How many Dpus are in each phase. */
  dpuStatistics?: {
    /** Waiting for what they refer to. */
    Initializing?: number;
    /** Waiting for the image and the check of the card. */
    Pending?: number;
    /** Keeping workloads away from the host. */
    NodeEffect?: number;
    /** Being installed. */
    OSInstalling?: number;
    /** Waiting for the host to reboot. */
    Rebooting?: number;
    /** Having the network of the host set up. */
    HostNetworkConfiguration?: number;
    /** Waiting for their Node in the tenant cluster. */
    DPUClusterConfig?: number;
    /** In service. */
    Ready?: number;
    /** In need of a person. */
    Error?: number;
    /** Being removed. */
    Deleting?: number;
  };
  /** The rollout that is under way, or the last one. */
  rollout?: {
    /** Which template is rolled out, a hash of it. */
    revision?: string;
    /** The hosts that may change now. A grant is given back when its Dpus are Ready. */
    granted?: {
      /** Name of the host's Node. */
      host: string;
      /** Number of the grant; the Dpus bear it in spec.grant. */
      number: number;
      /** The Dpus that it is for, by metadata.uid. */
      uids: string[];
    }[];
    /** When the rollout began. */
    startedAt?: string;
    /** The greatest number that a grant of this set ever had. */
    lastNumber?: number;
  };
  /** The state in detail. Ready: all DPUs are Ready with the present template. Progressing: a rollout is under way. Paused: spec.paused is set. Conflict: another set or a hand-made Dpu wants the same card. Stalled: a person is needed. */
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
}
/** The DPUs of the selected hosts, all provisioned from one template. A change of the template is rolled out at the pace that spec.strategy sets. */
export interface DpuSet extends KubeObject {
  spec: DpuSetSpec;
  status?: DpuSetStatus;
}
