/** What a machine may do with a bootstrap token: ask for a certificate, and what every user may. There is no other authorization here. */
import type { User } from '../auth/user.ts';
import { notPermitted, type ApiFailure } from '../status.ts';
import { JOINING } from './judge.ts';
import { CSR } from './resource.ts';

interface Target {
  group: string;
  plural: string;
  namespace?: string;
  name?: string;
}

type Rules = [group: string, plural: string, verbs: string[]][];
/** kubeadm's bindings of system:node-bootstrapper and kubeadm:get-nodes. */
const JOINING_MAY: Rules = [
  [CSR.group, CSR.plural, ['create', 'get', 'list', 'watch']],
  ['', 'nodes', ['get']],
];
/** system:basic-user, bound to everybody who is somebody. */
const ALL_MAY: Rules = [
  ['authentication.k8s.io', 'selfsubjectreviews', ['create']],
  ['authorization.k8s.io', 'selfsubjectaccessreviews', ['create']],
];

/** The refusal of what a bootstrap token is not for; undefined: it is allowed. */
export function refusalOf(user: User, verb: string, target: Target): ApiFailure | undefined {
  if (!user.groups.includes('system:bootstrappers')) return undefined;
  const rules = user.groups.includes(JOINING) ? [...JOINING_MAY, ...ALL_MAY] : ALL_MAY;
  if (rules.some(([group, plural, verbs]) => target.group === group && target.plural === plural && verbs.includes(verb))) return undefined;
  return notPermitted(user.name, verb, target);
}
