/** How an agent is told that an operation is to be cancelled. */
import type { Dpu, ReportReply } from '@dpf/api';
import { isBeingDeleted } from '../lifecycle/facts.ts';

/** A deletion's cancel stops only what has not begun or can no longer end; a deadline's stops everything. */
export const cancelOf = (dpu: Dpu): ReportReply['cancel'] => (isBeingDeleted({ dpu }) ? 'unlessEffective' : 'now');
