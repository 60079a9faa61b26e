/** The rules that make the protocol safe (ARCHITECTURE.md §8), as data. Each is kept at one place in the code, in a comment that names it. */
export const RULES = {
  'claim-recorded': 'a claim is answered 200 only once it stands in Dpu.status.operation.state, by compare-and-swap',
  'end-before-next': "a claimed operation ends by the agent's word (result, or cancel confirmed) before the next attempt is made",
  'card-lock': 'agent and push child hold one lock per card; who lacks it starts, confirms and resets nothing there',
  'push-once': 'an attempt opens the boot file once; a push found broken after a restart ends the attempt',
  'log-from-push': 'the rshim log is emptied before the boot file is opened; only what comes after counts',
  'op-has-uid': 'operation id, journal entry and log marker carry the Dpu uid and the attempt',
  'holder-has-attempt': 'a node-effect holder is <uid>/<attempt>; no worker removes one newer than the attempt it saw',
  sweep: 'claims and holders of a uid that no longer exists are removed by whoever sees them',
  'sweep-reads-node-first': "sweep: read the Node, then the Dpu live, then write with the first read's resourceVersion",
  'force-leaves-claim':
    'a forced deletion leaves claim and holder on the Node; they go once the agent says that it holds nothing of that uid',
  'claim-outdates': 'an announcement that was sent before a claim is an older one once that claim is granted',
  'finalizer-first': 'a Dpu without our finalizer claims nothing',
  'reset-alone':
    'the agent resets nothing while a card of the host has an unfinished install, and installs nothing once a reset of this boot stands in its journal',
  'reset-on-node':
    'a reset is claimed by compare-and-swap on the Node; no holder leaves until the boot id changes or the agent gives the reset up',
  'reset-journaled': 'a reset is journaled before it is issued, and issued again only once the first can no longer land',
  'boot-of-report': 'the boot id to be left comes with the report that ends the install, not from the start of the attempt',
  'boots-are-ordered': 'announcements are numbered, an older one is refused; "changed" means "greater"',
  'job-forgotten': 'a job that ended leaves nothing in Redis, so that its id can be submitted again',
  'grant-numbered': 'a grant has a number; its patch writes it on the Dpu, never over an equal or greater one',
  'release-numbered': 'a grant is given back only for a Dpu that carries its number and is Ready at its own generation',
  'grant-names-uid': 'a grant names the Dpu uids that it is for; no other uid is patched under it',
  'set-before-list': 'a grant is decided on a LIST made after the DpuSet was read; a new unavailability is written to DpuSet.status first',
} as const;

export type RuleName = keyof typeof RULES;
export const RULE_NAMES = Object.keys(RULES) as RuleName[];

export const isRule = (name: string): name is RuleName => Object.hasOwn(RULES, name);

/** Whether a rule is kept in a model. */
export type Rules = (rule: RuleName) => boolean;

/** All rules but some. */
export const allBut = (...broken: RuleName[]): Rules => {
  const missing = new Set(broken);
  return (rule) => !missing.has(rule);
};
