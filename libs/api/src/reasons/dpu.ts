/** Reasons of dpu-controller's: conditions, waiting and errors of a Dpu. */
import type { ReasonText } from './text.ts';

export const DPU_REASONS = {
  // Initializing
  AddingFinalizer: { meaning: 'The Dpu gets the finalizer that guards its release.', fix: '' },
  ClaimingCard: { meaning: 'The card is being claimed on the host Node.', fix: '' },
  NodeNotFound: {
    meaning: 'There is no Node of the name in spec.nodeName.',
    fix: 'Add the host to the cluster, or delete the Dpu and make one with the right name.',
  },
  Conflict: {
    meaning: 'Another Dpu holds the claim of this card.',
    fix: 'Delete one of the two Dpus, or make the set not select this host.',
  },
  FlavorNotFound: { meaning: 'The DPUFlavor that the Dpu names does not exist in its namespace.', fix: 'Create it, or name another one.' },
  BfbNotFound: { meaning: 'The Bfb that the Dpu names does not exist in its namespace.', fix: 'Create it, or name another one.' },
  ClusterNotGranted: {
    meaning: 'The tenant cluster may not be used from this namespace.',
    fix: 'Add the namespace of the cluster to the chart value tenantClusters, with this namespace in usableFrom.',
  },
  ClusterNotFound: {
    meaning: 'The tenant cluster, or the Secret with its admin kubeconfig, does not exist.',
    fix: 'Create the TenantControlPlane, or correct spec.cluster.',
  },
  ClusterInvalid: {
    meaning: 'The kubeconfig of the tenant cluster cannot be used.',
    fix: 'Use one with server, CA, and a client certificate or token; exec, auth providers and insecure TLS are refused.',
  },
  ClusterUnreachable: {
    meaning: 'The API server of the tenant cluster does not answer.',
    fix: 'Check that the tenant control plane runs and can be reached from the controllers.',
  },
  Resolved: { meaning: 'Node, card and references are there and the card is claimed.', fix: '' },
  Paused: { meaning: 'spec.paused is set: nothing new is started.', fix: 'Clear spec.paused.' },

  // Pending
  ImageNotReady: { meaning: 'The image of the Bfb is not downloaded and verified yet.', fix: 'See the status of the Bfb.' },
  ImageFailed: { meaning: 'The Bfb is in phase Error.', fix: 'See the condition of the Bfb; correct its URL or digest.' },
  ImageReady: { meaning: 'The image is on the BFB volume.', fix: '' },
  FlavorInputMissing: {
    meaning: 'A Secret or ConfigMap, or a key of one, that the flavor refers to does not exist, or dpu-controller may not read it.',
    fix: 'Create it in the namespace of the flavor, and see that the chart value references grants it.',
  },
  FlavorInvalid: { meaning: 'bf.cfg cannot be made from the flavor.', fix: 'Make a flavor with the correction and name that one.' },
  TenantNodeForeign: {
    meaning: 'The tenant cluster has a Node with the name of this Dpu that is not ours.',
    fix: 'Delete that Node if nothing needs it.',
  },
  AgentNotSeen: {
    meaning: 'No agent has announced itself on the host.',
    fix: 'Check that the dms-agent DaemonSet runs a Pod on the host and can reach dpu-controller.',
  },
  Preflight: { meaning: 'The agent examines card and host before anything is touched.', fix: '' },
  PreflightPassed: { meaning: 'Card and host are fit for the installation.', fix: '' },
  PreflightFailed: { meaning: 'Card or host are not fit for the installation.', fix: 'See the message; it is tried again by itself.' },
  InstallLimitReached: { meaning: 'As many installs run as the controllers are allowed (maxParallelInstalls).', fix: '' },
  UnavailableNodesLimitReached: {
    meaning: 'As many Nodes are unavailable as the controllers are allowed (maxUnavailableNodes).',
    fix: '',
  },

  // NodeEffect
  ApplyingNodeEffect: { meaning: 'The node effect is being put on the host Node.', fix: '' },
  NodeEffectApplied: { meaning: 'The node effect was put on the host Node, until the DPU is Ready.', fix: '' },
  NodeEffectOverdue: {
    meaning: 'The node effect does not show on the host Node.',
    fix: 'Look for a webhook or another controller that removes our annotations or taints from Nodes.',
  },

  // OSInstalling
  TenantNodeLeaving: { meaning: 'The Node of the old software is removed from the tenant cluster first.', fix: '' },
  Installing: { meaning: 'The agent pushes image and configuration and follows the installation.', fix: '' },
  Installed: { meaning: 'The installation ended with the line that this attempt writes last.', fix: '' },
  InstallFailed: { meaning: 'The installation failed.', fix: 'See the message and the log of the agent.' },
  InstallOverdue: { meaning: 'The installation took longer than its deadline and is cancelled.', fix: 'See the log of the agent.' },
  InstallCancelled: { meaning: 'The agent stopped the installation because it was asked to.', fix: '' },
  CancelOverdue: {
    meaning: 'The agent has not confirmed that the installation is stopped.',
    fix: 'See status.operation.message. A process of an earlier push that does not end keeps the card: reboot the host; a deletion can be forced.',
  },
  InputsChanged: { meaning: 'Image, flavor or cluster changed before the installation began: it starts again with the new ones.', fix: '' },
  AgentSilent: {
    meaning: 'The agent of the host neither takes the operation nor reports.',
    fix: 'Check the dms-agent Pod of the host, and its way to Redis and to dpu-controller.',
  },

  // Rebooting
  WaitingForHostReset: { meaning: 'The host is reset once all its DPUs are installed, and has to boot again.', fix: '' },
  WaitingForManualPowerCycleOrReboot: {
    meaning: 'The host has to boot for the new software and firmware, and automaticNodeReboot is off.',
    fix: 'Power-cycle the host.',
  },
  BootUnknown: {
    meaning: 'The status does not say in which boot of the host the installation ended, so no later boot can be told from it.',
    fix: 'Delete the Dpu, so that it is made again.',
  },
  RebootOverdue: {
    meaning: 'The agent took the reset of the host, and no agent announced a new boot in time.',
    fix: 'Look at the console of the host; power-cycle it.',
  },
  ResetFailed: {
    meaning: 'The reset of the host failed.',
    fix: 'See the message; power-cycle the host by hand if it does not help itself.',
  },
  RebootSkipped: { meaning: 'The reboot is skipped, as the annotation of the Node says.', fix: '' },
  Rebooted: { meaning: 'The host has booted since the installation ended.', fix: '' },

  // HostNetworkConfiguration
  ConfiguringHostNetwork: { meaning: 'The agent makes the VFs of the card and attaches them.', fix: '' },
  HostNetworkConfigured: { meaning: 'The host network of the card is in place.', fix: '' },
  HostNetworkOverdue: {
    meaning: 'The host network is not in place in time.',
    fix: 'Check that the bridge br-dpu exists on the host and is up.',
  },
  HostNetworkFailed: { meaning: 'The host network could not be configured.', fix: 'See the message.' },

  // DPUClusterConfig
  WaitingForTenantNode: { meaning: 'The DPU has to register its Node in the tenant cluster and become Ready.', fix: '' },
  TenantNodeOverdue: {
    meaning: 'The DPU did not join its tenant cluster in time.',
    fix: 'Check the network of the DPU to the tenant control plane, and the log of dpf-join.service on the DPU.',
  },
  ClusterJoined: { meaning: 'The Node of the DPU is Ready and labelled.', fix: '' },

  // Ready
  Provisioned: { meaning: 'The DPU is provisioned and in use.', fix: '' },
  AlreadyProvisioned: { meaning: 'The granted revision is what the card has already: nothing is flashed.', fix: '' },
  DPUNodeNotReady: { meaning: 'The Node of the DPU in the tenant cluster is not Ready.', fix: 'Look at that Node and at the DPU.' },
  DPUNodeMissing: {
    meaning: 'The Node of the DPU in the tenant cluster is gone or was made anew.',
    fix: 'Set the retry annotation to provision the DPU again.',
  },
  CardMissing: { meaning: 'The card does not show on the bus of its host.', fix: 'Check the card; power-cycle the host.' },
  FormerNodeLeft: {
    meaning: 'A tenant cluster that the DPU has left may still have its Node.',
    fix: 'Make that cluster usable again, or delete the Node there by hand and then the Secret with the kubeconfig of the cluster.',
  },
  ImageReplaced: {
    meaning: 'The Bfb of this name holds another image now than the card.',
    fix: 'Roll the change out, or set the retry annotation.',
  },
  FlavorReplaced: {
    meaning: 'The DPUFlavor of this name is another one now than the card was installed with.',
    fix: 'Roll the change out, or set the retry annotation.',
  },
  NotGranted: {
    meaning: 'The spec names something else than the card has, without a grant of its set.',
    fix: 'Change the DpuSet instead.',
  },

  WaitingForGrant: {
    meaning:
      'The first installation of this card resets a host on which another DPU is in service: its DpuSet grants it within maxUnavailable.',
    fix: 'Wait; the message of the DpuSet says for what. To begin at once, raise maxUnavailable.',
  },

  // Attempts, Error
  NewAttempt: { meaning: 'A new attempt begins.', fix: '' },
  NewRevision: { meaning: 'A new revision is granted: a new attempt begins.', fix: '' },
  RetryRequested: { meaning: 'The retry annotation has a new value: a new attempt begins.', fix: '' },
  WaitingForRetry: { meaning: 'The attempt failed; the next one begins after a pause.', fix: '' },
  RetriesSpent: {
    meaning: 'Every try failed.',
    fix: 'Cure the cause, then change the spec or set the annotation provisioning.dpu.nvidia.com/retry to a new value.',
  },
  RetryWouldDisturb: {
    meaning: 'Another try may help, and would reset the host with a Ready DPU on it, which no grant covers.',
    fix: 'Let the DpuSet grant the host by a change of its template, or set the annotation provisioning.dpu.nvidia.com/retry to a new value.',
  },
  CannotSucceed: { meaning: 'This input can never succeed.', fix: 'Change the spec of the Dpu or of its set.' },
  RequestRefused: {
    meaning: 'An API server refuses a request of dpu-controller.',
    fix: 'See the message; check the permissions of dpu-controller.',
  },

  // Deleting
  DeletionWaitsForInstall: {
    meaning: 'The Dpu is being deleted; an installation that has begun is let to its end first.',
    fix: 'Wait, or set the annotation provisioning.dpu.nvidia.com/force-delete to "true".',
  },
  Deleting: { meaning: 'The Dpu is being deleted.', fix: '' },
  RemovingTenantNode: { meaning: 'The Node of the DPU is removed from the tenant cluster.', fix: '' },
  CleaningUpHost: { meaning: 'The agent undoes the host network of the card.', fix: '' },
  ReleasingHost: { meaning: 'Claim and node effect are taken from the host Node.', fix: '' },
  CleanupBlocked: {
    meaning: 'The deletion cannot be completed.',
    fix: 'Cure what the message names, or set the annotation provisioning.dpu.nvidia.com/force-delete to "true".',
  },
  Released: { meaning: 'Nothing of the Dpu is left.', fix: '' },

  // Answers to agents
  NotYours: { meaning: 'The operation belongs to another node.', fix: '' },
  OperationStale: { meaning: 'The operation is not (or no longer) the one to do.', fix: '' },
  AnnouncementStale: { meaning: 'A later announcement of this host was accepted before.', fix: '' },
  NotAnnounced: { meaning: 'The agent has to announce this instance and boot first.', fix: '' },
} as const satisfies Record<string, ReasonText>;
