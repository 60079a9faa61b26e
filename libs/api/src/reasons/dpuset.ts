/** Reasons of dpuset-controller: conditions and events of a DpuSet. */
import type { ReasonText } from './text.ts';

export const DPUSET_REASONS = {
  AllDpusReady: { meaning: 'Every DPU that the set selects is Ready.', fix: '' },
  DpusNotReady: {
    meaning: 'Some DPUs of the set are not Ready yet; the message says what most of them wait for.',
    fix: 'Look at status.waitingFor of the Dpus named, or wait.',
  },
  DpusNotUpdated: { meaning: 'Every DPU is Ready, and some of them still run an older revision of the template.', fix: '' },
  NoDpuSelected: {
    meaning: 'The selectors of the set match no DPU.',
    fix: 'Compare spec.nodeSelector and spec.dpuSelector with the labels of the Nodes; check that node feature discovery runs.',
  },
  DpuSetDeleting: {
    meaning: 'The set is being deleted and waits until its Dpus are gone.',
    fix: 'A Dpu that does not go says why in its condition; see CleanupBlocked there.',
  },
  DpuSetPaused: {
    meaning: 'The set creates, updates and removes nothing; what is under way ends.',
    fix: 'Set spec.paused to false to go on.',
  },
  DpuSetNotPaused: { meaning: 'The set is not paused.', fix: '' },
  Provisioning: { meaning: 'DPUs of the set are being provisioned.', fix: '' },
  RollingOut: { meaning: 'Hosts are being updated to the present revision of the template.', fix: '' },
  RolloutComplete: { meaning: 'Nothing is left to create, update or remove.', fix: '' },
  RolloutHeld: {
    meaning: 'Hosts wait for an update because as many DPUs are out of service as maxUnavailable allows.',
    fix: 'Bring the DPUs that are not Ready back, delete their Dpus, or raise spec.strategy.rollingUpdate.maxUnavailable.',
  },
  DpusFailed: {
    meaning: 'DPUs of the set are in phase Error and are not tried again by themselves.',
    fix: 'Read status.lastError of the Dpus; change the template, or set a new value of their retry annotation.',
  },
  DiscoveryLabelInvalid: {
    meaning: 'A label of a Node that should name the PCI address of a DPU cannot be read.',
    fix: 'Check what sets the label feature.node.kubernetes.io/dpu-<i>-pci-address on that Node.',
  },
  NotStalled: { meaning: 'Nothing keeps the set from going on.', fix: '' },
  CardTaken: {
    meaning: 'Another Dpu, made by hand or by another set, has a card that this set selects.',
    fix: 'Delete that Dpu, or narrow the selectors of one of the sets; the set goes on by itself then.',
  },
  NoConflict: { meaning: 'No other Dpu has a card that this set selects.', fix: '' },
  SuccessfulCreate: { meaning: 'The set created Dpus.', fix: '' },
  FailedCreate: { meaning: 'A Dpu could not be created.', fix: 'Read the message: a schema error names the field of the template.' },
  SuccessfulDelete: { meaning: 'The set deleted Dpus that it no longer wants.', fix: '' },
  FailedDelete: { meaning: 'A Dpu could not be deleted.', fix: 'Read the message; the set tries again by itself.' },
} as const satisfies Record<string, ReasonText>;
