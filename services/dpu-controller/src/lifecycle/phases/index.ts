/** The life of a DPU as one table. A forgotten phase does not compile. */
import type { Phase } from '@dpf/api';
import type { Observed } from '../observed.ts';
import type { Outcome } from '../outcome.ts';
import { clusterConfig } from './cluster-config.ts';
import { deleting } from './deleting.ts';
import { error } from './error.ts';
import { hostNetwork } from './host-network.ts';
import { initializing } from './initializing.ts';
import { nodeEffect } from './node-effect.ts';
import { osInstalling } from './os-installing.ts';
import { pending } from './pending.ts';
import { ready } from './ready.ts';
import { rebooting } from './rebooting.ts';

export type Handler = (observed: Observed) => Outcome;

export const HANDLERS = {
  Initializing: initializing,
  Pending: pending,
  NodeEffect: nodeEffect,
  OSInstalling: osInstalling,
  Rebooting: rebooting,
  HostNetworkConfiguration: hostNetwork,
  DPUClusterConfig: clusterConfig,
  Ready: ready,
  Error: error,
  Deleting: deleting,
} satisfies Record<Phase, Handler>;
