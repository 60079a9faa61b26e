/** OSInstalling: the Node of the old software leaves the tenant cluster; the agent pushes image and bf.cfg and follows the log. */
import { attemptOf, clusterName, idOf, inputsNow, isHeld, operationOf, pciOf, sameInputs } from '../facts.ts';
import { clusterRecord, formerRemoval } from '../former-clusters.ts';
import { failed, inputsChanged } from './endings.ts';
import { foreignNode, removal } from './tenant-node.ts';
import type { Observed } from '../observed.ts';
import type { Outcome, Stay } from '../outcome.ts';

export function osInstalling(o: Observed): Outcome {
  const operation = operationOf(o, 'install');
  const submit = { do: 'submit', id: idOf(o, 'install') } as const;
  const wait = {
    kind: 'stay',
    reason: 'Installing',
    message: `the agent of host ${o.dpu.spec.nodeName} to install card ${pciOf(o)}`,
    effects: [submit],
  } as const satisfies Stay;
  switch (operation?.state) {
    case 'Succeeded':
      return { kind: 'advance', to: 'Rebooting', reason: 'Installed', message: 'the log holds the line that this attempt writes last' };
    case 'Failed':
      return o.report?.state === 'cancelled'
        ? { kind: 'fail', reason: 'InstallCancelled', message: o.report.message, class: 'transient' }
        : failed(o, 'InstallFailed');
    case 'Claimed':
      return wait;
    case 'Cancelling':
      return {
        ...wait,
        reason: 'InstallOverdue',
        message: `the agent of host ${o.dpu.spec.nodeName} to stop the installation, which is overdue`,
      };
    default:
      return (
        obstacleBeforeInstall(o) ??
        (operation ? wait : { ...wait, operation: { open: 'install' }, record: { ...version(o), ...clusterRecord(o) } })
      );
  }
}

/** The last look before a claim can be answered: nothing is on its way to the card yet. */
function obstacleBeforeInstall(o: Observed): Outcome | undefined {
  const { host, tenant } = o;
  const inputs = inputsNow(o);
  const frozen = attemptOf(o).inputs;
  if (typeof tenant !== 'string' && tenant.state !== 'Reachable')
    return { kind: 'stay', reason: tenant.state, message: `${clusterName(o)} to be usable: ${tenant.message}` };
  // Image or flavor are gone or others: the beginning of an attempt says which.
  if (!inputs || !frozen || !sameInputs(inputs, frozen)) return inputsChanged(o);
  if (host === 'absent' || !isHeld(o, host))
    return {
      kind: 'stay',
      reason: 'ApplyingNodeEffect',
      message: 'the node effect',
      effects: [{ do: 'hold', attempt: attemptOf(o).number }],
    };
  const foreign = foreignNode(o);
  return foreign ? { kind: 'stay', ...foreign } : (removal(o, 'TenantNodeLeaving') ?? formerRemoval(o, 'TenantNodeLeaving'));
}

const version = ({ bfb }: Observed) => (typeof bfb === 'string' || !bfb.version ? undefined : { bfbVersion: bfb.version });
