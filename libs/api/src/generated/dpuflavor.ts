// Generated from crds/dpuflavors.yaml by hack/generate-types.ts: do not edit.
import type { KubeObject } from '../objects.ts';

/** The configuration. Immutable, so that what a DPU was installed with can be told from its flavor's name. */
export interface DPUFlavorSpec {
  /** The boot loader of the DPU. */
  grub?: {
    /** The kernel command line of the DPU, in this order; it takes effect with the boot that follows the first one. It replaces the image's own GRUB_CMDLINE_LINUX. */
    kernelParameters?: string[];
  };
  /** Kernel settings of the DPU. */
  sysctl?: {
    /** Lines of a sysctl.d file, in this order; a later one wins. */
    parameters?: string[];
  };
  /** Firmware settings, applied by mlxconfig on the DPU's first boot and in force after the host reset that follows the install. */
  nvconfig?: {
    /** Which device, as the DPU names it: `*` (every function of the card), a PCI address such as 03:00.0, or a path below /dev/mst. Settings for `*` are applied first. */
    device?: string;
    /** The settings, all in one call of mlxconfig. */
    parameters?: string[];
  }[];
  /** Open vSwitch on the DPU. */
  ovs?: {
    /** A bash script that runs once, as root, on the DPU's first boot. The first command that fails ends it and the install. */
    rawConfigScript?: string;
  };
  /** Parameters of the installer in the image (`NAME=value`), for example WITH_NIC_FW_UPDATE=yes. A value is taken literally, `$` too; one pair of quotes around it is removed. Passwords belong into passwordSecretRef. */
  bfcfgParameters?: string[];
  /** Files on the DPU, written in this order. */
  configFiles?: {
    /** Where the file lies on the DPU, an absolute path. Missing folders are made. */
    path: string;
    /** Whether the content replaces the file (override) or goes to its end (append). */
    operation: 'override' | 'append';
    /** The content itself. */
    raw?: string;
    /** The content is the value of a key of a Secret in this namespace. */
    secretRef?: {
      /** Name of the Secret. */
      name: string;
      /** Key in the Secret. */
      key: string;
    };
    /** The content is the value of a key of a ConfigMap in this namespace. */
    configMapRef?: {
      /** Name of the ConfigMap. */
      name: string;
      /** Key in the ConfigMap. */
      key: string;
    };
    /** Mode of the file in octal, for example "0755". When absent a new file gets 0644 and an existing one keeps its own. */
    permissions?: string;
  }[];
  /** The container runtime of the DPU. */
  containerdConfig?: {
    /** A registry that images of nvcr.io are pulled from instead, for example http://10.0.0.7:5000. With https its certificate must be trusted by the image. */
    registryEndpoint?: string;
  };
  /** A Secret in this namespace that holds the password of user ubuntu as a crypt hash (`openssl passwd -6`). Without it, and without ubuntu_PASSWORD, the account's password is locked. */
  passwordSecretRef?: {
    /** Name of the Secret. */
    name: string;
    /** Key in the Secret. */
    key: string;
  };
  /** What is set up on the host for this DPU. */
  hostNetwork?: {
    /** Virtual functions of each port. When absent, NUM_OF_VFS of nvconfig, or else 16. The firmware must offer as many. */
    numberOfVfs?: number;
    /** MTU of the channel to the DPU, in bytes. */
    mtu?: number;
    /** Which virtual function of port 0 is the channel between host and DPU. Function 0 belongs to ovn-kubernetes. */
    channelVf?: number;
  };
}
/** How the system on a DPU is configured when it is installed. One flavor serves any number of DPUs. */
export interface DPUFlavor extends KubeObject {
  spec: DPUFlavorSpec;
}
