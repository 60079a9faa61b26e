/** The options of a request's query, checked as apimachinery's validation of ListOptions and of the write options does. */
import { forbiddenField, unsupported, type Cause } from '@dpf/kube-schema';
import type { Call } from '../api.ts';
import { ApiFailure, badRequest, invalid } from '../status.ts';

const MATCHES = ['Exact', 'NotOlderThan', ''];

/** Refuses options that have faults. */
export function refuse(kind: string, causes: Cause[]): void {
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', ...causes);
}

const notANumber = (version: string): string =>
  `resourceVersion: Invalid value: ${JSON.stringify(version)}: strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`;

/** The resourceVersion that a list asks for; 0 where it names none. 400 where it is no number. */
export function listVersion({ query }: Call): number {
  const version = query.get('resourceVersion') || '0';
  if (!/^\d+$/.test(version)) throw badRequest(`invalid resource version: ${notANumber(version)}`);
  return Number(version);
}

/** Refuses combinations of resourceVersion, resourceVersionMatch and continue that mean nothing. */
export function checkListOptions({ query }: Call): void {
  const match = query.get('resourceVersionMatch') ?? '';
  const version = query.get('resourceVersion') ?? '';
  const causes: Cause[] = [];
  const forbid = (why: string) => causes.push(forbiddenField('resourceVersionMatch', why));
  if (match !== '') {
    if (version === '') forbid('resourceVersionMatch is forbidden unless resourceVersion is provided');
    if (query.get('continue')) forbid('resourceVersionMatch is forbidden when continue is provided');
    if (!MATCHES.includes(match)) causes.push(unsupported('resourceVersionMatch', match, MATCHES));
    if (match === 'Exact' && version === '0') forbid('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  if (query.has('sendInitialEvents')) causes.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  refuse('ListOptions', causes);
  if (query.get('continue') && version !== '' && version !== '0')
    throw badRequest('specifying resource version is not allowed when using continue');
}

/** The same for a watch. A version that is no number is a fault that a real server gives no reason for. */
export function checkWatchOptions({ query }: Call): void {
  const match = query.get('resourceVersionMatch') ?? '';
  const causes: Cause[] = [];
  if (query.has('sendInitialEvents')) {
    if (match !== 'NotOlderThan')
      causes.push(forbiddenField('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  } else if (match !== '')
    causes.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
  refuse('ListOptions', causes);
  const version = query.get('resourceVersion') ?? '';
  if (!/^\d*$/.test(version)) throw new ApiFailure(500, '', notANumber(version));
}

/** Refuses a dryRun that is not All, and a fieldValidation that there is not. */
export function checkWriteOptions({ query }: Call, kind: string): void {
  const causes: Cause[] = [];
  const dryRun = query.getAll('dryRun').filter(Boolean);
  if (dryRun.some((stage) => stage !== 'All')) causes.push(unsupported('dryRun', dryRun, ['All']));
  const validation = query.get('fieldValidation');
  if (validation && !VALIDATIONS.includes(validation)) causes.push(unsupported('fieldValidation', validation, VALIDATIONS));
  refuse(kind, causes);
}
const VALIDATIONS = ['Ignore', 'Strict', 'Warn'];
