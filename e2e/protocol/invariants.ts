/** What is checked in every state. A sentence of a counterexample begins with the name of what is broken. */
export const INVARIANTS = {
  I1: 'no two attempts flash a card at once, no completed flash is repeated for a (uid, attempt)',
  I2: 'only the present attempt pushes',
  I3: 'at most one reset per boot id, none between first byte and end of an install',
  I4: 'node effect from NodeEffect to Ready, during every push and at every reset',
  I5: "OSInstalled for attempt n only with n's image on the card",
  I6: 'whoever works on a card holds its claim',
  I7: 'granted or disrupted hosts within maxUnavailable, no grant after a recorded failure',
  I8: 'Rebooting is left only by a boot after the install',
  I9: 'no deletion cuts an install off',
  LIVE: 'from every state all DPUs can become Ready without another fault',
} as const;

export type InvariantName = keyof typeof INVARIANTS;
export type Broken = `${InvariantName} ${string}`;
