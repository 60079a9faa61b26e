/** What bf.cfg is rendered from, and what a flavor refers to. */
import type { DPUFlavorSpec } from '@dpf/api';

export interface BfCfgInput {
  flavor: DPUFlavorSpec;
  /** The values of everything that {@link references} names, by {@link referenceKey}. */
  values: Values;
  /** metadata.uid of the Dpu and the number of the attempt. */
  uid: string;
  attempt: number;
  /** Name of the DPU's Node in the tenant cluster. */
  dpuName: string;
  hostname: string;
  /** Absent: the DPU joins nothing. */
  join?: Join;
}

/** How the DPU joins its tenant cluster. `token` is secret. */
export interface Join {
  /** `host:port` of the tenant's API server. */
  endpoint: string;
  token: string;
  /** SHA-256 of the public key of the tenant's CA, 64 hex digits. */
  caCertHash: string;
}

/** A key of an object in the namespace of the flavor. */
export interface Reference {
  kind: 'Secret' | 'ConfigMap';
  name: string;
  key: string;
}
export type Values = ReadonlyMap<string, Uint8Array>;

export const referenceKey = ({ kind, name, key }: Reference): string => `${kind}/${name}/${key}`;

/** Everything that a flavor refers to, each once. */
export function references(flavor: DPUFlavorSpec): Reference[] {
  const all = [
    ...(flavor.configFiles ?? []).flatMap(({ secretRef, configMapRef }): Reference[] => [
      ...(secretRef ? [{ kind: 'Secret' as const, ...secretRef }] : []),
      ...(configMapRef ? [{ kind: 'ConfigMap' as const, ...configMapRef }] : []),
    ]),
    ...(flavor.passwordSecretRef ? [{ kind: 'Secret' as const, ...flavor.passwordSecretRef }] : []),
  ];
  return [...new Map(all.map((reference) => [referenceKey(reference), reference])).values()];
}

/** A flavor that cannot be rendered. The message says which field and what to do; it holds no secret. */
export class BfCfgError extends Error {
  override readonly name = 'BfCfgError';
  readonly reason: 'FlavorInputMissing' | 'FlavorInvalid';
  constructor(reason: BfCfgError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The value of a reference. Throws BfCfgError FlavorInputMissing when it was not given. */
export function valueOf(values: Values, reference: Reference): Uint8Array {
  const value = values.get(referenceKey(reference));
  if (value) return value;
  throw new BfCfgError(
    'FlavorInputMissing',
    `${reference.kind} ${reference.name} has no key ${reference.key}: create it in the namespace of the DPUFlavor`,
  );
}
