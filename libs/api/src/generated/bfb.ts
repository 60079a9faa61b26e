// Generated from crds/bfbs.yaml by hack/generate-types.ts: do not edit.
import type { KubeObject } from '../objects.ts';

/** Where the image comes from. It can be corrected until the image was published, and not after. */
export interface BfbSpec {
  /** Where to download the image. http or https; a query string is allowed, credentials are not (see secretRef). */
  url: string;
  /** The name that people know the image by; `<namespace>-<name>.bfb` when absent. Only a name: images are stored by digest, so two Bfbs may use the same one. */
  fileName?: string;
  /** The SHA-256 that the image must have, 64 hexadecimal digits. When absent the image is used unverified and condition Verified says DigestNotGiven. */
  sha256?: string;
  /** A ConfigMap in this namespace; its key `ca.crt` holds the PEM certificates to trust for the download. */
  caBundleRef?: {
    /** Name of the ConfigMap. */
    name: string;
  };
  /** A Secret in this namespace with what the server asks for: keys `username` and `password`, or `token` (bearer), or `headers` (one `Name: value` a line). */
  secretRef?: {
    /** Name of the Secret. */
    name: string;
  };
}
/** What was seen of the image. Written by bfb-downloader. */
export interface BfbStatus {
  /** The metadata.generation that this status is about. */
  observedGeneration?: number;
  /** Where the image is in its life. A summary for people; the conditions say why. */
  phase?: 'Initializing' | 'Downloading' | 'Ready' | 'Error' | 'Deleting';
  /** The name that people know the image by. */
  fileName?: string;
  /** SHA-256 of the published image; it is also the name of its file on the BFB volume. */
  sha256?: string;
  /** Size of the image in bytes. */
  size?: number;
  /** The versions found in the image, as far as it names them. */
  versions?: {
    /** Board support package. */
    bsp?: string;
    /** DOCA. */
    doca?: string;
    /** UEFI firmware. */
    uefi?: string;
    /** Arm trusted firmware. */
    atf?: string;
  };
  /** How far the download is; updated at most every 10 seconds. */
  progress?: {
    /** Bytes received so far. */
    bytes: number;
    /** Bytes that the server announced; absent when it announced none. */
    total?: number;
    /** Bytes received, in percent of the total; absent when the total is unknown. */
    percent?: number;
  };
  /** Downloads begun since the spec last changed. */
  attempts?: number;
  /** When the next download is tried; present while waiting for it. */
  nextRetryTime?: string;
  /** Why the last download failed; absent once one succeeded. */
  lastError?: {
    /** One word for machines. */
    reason: string;
    /** What happened and what to do about it. */
    message: string;
  };
  /** The state in detail. Ready: the image can be installed. Verified: it has the digest that spec.sha256 names. Reconciling and Stalled are true while something is under way, or needs a person. */
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
/** A BlueField boot stream: the image that is installed on DPUs. It is downloaded once from spec.url, verified and kept on the BFB volume while anything refers to it. */
export interface Bfb extends KubeObject {
  spec: BfbSpec;
  status?: BfbStatus;
}
