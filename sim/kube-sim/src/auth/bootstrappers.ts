/** What a machine may do with a bootstrap token: ask for a certificate, and what every user may. There is no other authorization here. */
import type { ResourcePath } from '@dpf/kube-faults';
import { notPermitted, type ApiFailure } from '../status.ts';
import type { User } from './user.ts';

type Rules = [group: string, plural: string, verbs: string[]][];
/** The group of kubeadm's bootstrap tokens, with its bindings of system:node-bootstrapper and kubeadm:get-nodes. */
const JOINING = 'system:bootstrappers:kubeadm:default-node-token';
const JOINING_MAY: Rules = [
  ['certificates.k8s.io', 'certificatesigningrequests', ['create', 'get', 'list', 'watch']],
  ['', 'nodes', ['get']],
];
/** system:basic-user, bound to everybody who is somebody. */
const ALL_MAY: Rules = [
  ['authentication.k8s.io', 'selfsubjectreviews', ['create']],
  ['authorization.k8s.io', 'selfsubjectaccessreviews', ['create']],
];

/** The refusal of what a bootstrap token is not for; undefined: it is allowed. */
export function refusalOf({ name, groups }: User, verb: string, target: ResourcePath): ApiFailure | undefined {
  if (!groups.includes('system:bootstrappers')) return undefined;
  const rules = groups.includes(JOINING) ? [...JOINING_MAY, ...ALL_MAY] : ALL_MAY;
  const may = rules.some(([group, plural, verbs]) => target.group === group && target.plural === plural && verbs.includes(verb));
  return may ? undefined : notPermitted(name, verb, target);
}
