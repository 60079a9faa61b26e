/** Cleanup: undoes what this host still has of a Dpu. */
import type { Pci } from '@dpf/api';
import { isUnfinished } from '../journal/journal.ts';
import type { OperationContext } from './context.ts';
import { OperationFailure } from './failure.ts';
import { undoHostNetwork } from './host-network.ts';

/** @throws OperationFailure CardBusy while an install of this Dpu is not over, or what undoing the host network throws */
export async function cleanup(uid: string, context: OperationContext): Promise<string> {
  const { journal, locks } = context;
  for (const pci of cardsOf(uid, context)) {
    // By card-lock: a push child that outlived its agent still works on the card; then nothing of it is confirmed to be gone.
    const lock = await locks.tryAcquire(pci);
    if (!lock) throw new OperationFailure('CardBusy', 'transient', `an operation on card ${pci} is not over yet`);
    try {
      const install = journal.install(pci);
      if (install?.uid === uid && isUnfinished(install))
        throw new OperationFailure('CardBusy', 'transient', `the install of attempt ${install.attempt} on card ${pci} is not over yet`);
      const network = journal.data.hostNetworks[pci];
      if (network?.uid === uid) await undoHostNetwork(pci, network, context);
    } finally {
      await lock.release();
    }
  }
  await journal.forget(uid);
  return 'nothing of this Dpu is left on the host';
}

function cardsOf(uid: string, { journal }: OperationContext): Pci[] {
  const records = [...Object.entries(journal.data.installs), ...Object.entries(journal.data.hostNetworks)];
  return [...new Set(records.filter(([, record]) => record.uid === uid).map(([pci]) => pci))];
}
