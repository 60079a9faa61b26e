/** What an agent may send, as JSON schemas of the types in @dpf/api: bounded, because announcements end in a Node's annotations. Unknown fields are dropped. */

const text = (maxLength: number) => ({ type: 'string', maxLength }) as const;
const whole = (maximum: number) => ({ type: 'integer', minimum: 0, maximum }) as const;
const pci = { type: 'string', pattern: '^[0-9a-f]{4}-[0-9a-f]{2}-[0-9a-f]{2}$' } as const;
const uid = { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}$' } as const;
const instance = { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' } as const;
const generation = { enum: ['BlueField-1', 'BlueField-2', 'BlueField-3', 'Unknown'] } as const;
/** Operation ids hold a boot of at most nine digits. */
const boot = whole(999_999_999);
const sequence = whole(Number.MAX_SAFE_INTEGER);
const object = <P extends Record<string, unknown>>(properties: P, optional: readonly (keyof P & string)[] = []) => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties).filter((key) => !optional.includes(key)),
  properties,
});

const card = object(
  {
    pci,
    index: whole(255),
    serial: text(64),
    psid: text(64),
    partNumber: text(64),
    generation,
    pf0Name: text(64),
    rshim: { enum: ['host', 'bmc', 'absent'] },
    present: { type: 'boolean' },
  },
  ['serial', 'psid', 'partNumber', 'pf0Name'],
);

const journalHead = object({
  pci,
  uid,
  attempt: whole(999_999_999),
  kind: { enum: ['preflight', 'install', 'hostNetwork', 'cleanup'] },
  state: { enum: ['running', 'pushed', 'succeeded', 'failed'] },
});

/** Announcement. */
export const ANNOUNCEMENT = object({
  node: { type: 'string', pattern: '^[a-z0-9][a-z0-9.-]{0,252}$' },
  instance,
  boot,
  bootId: text(64),
  sequence,
  agentVersion: text(64),
  cards: { type: 'array', maxItems: 16, items: card },
  journal: { type: 'array', maxItems: 64, items: journalHead },
  holds: { type: 'array', maxItems: 64, items: uid },
});

/** ClaimRequest. */
export const CLAIM = object({ instance, boot, sequence });

/** Report. The message is cut, not refused: a report that is refused would be repeated for ever. */
export const REPORT = object(
  {
    instance,
    boot,
    state: { enum: ['running', 'succeeded', 'failed', 'cancelled'] },
    percent: { type: 'number', minimum: 0, maximum: 100 },
    message: { type: 'string' },
    reason: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9]{0,62}$' },
    class: { enum: ['transient', 'needsReset', 'needsHuman', 'neverSucceeds'] },
    cutOff: { type: 'boolean' },
    device: object({ serial: text(64), psid: text(64), partNumber: text(64), generation }, ['serial', 'psid', 'partNumber', 'generation']),
    firmware: object({ nic: text(64), uefi: text(64), bmc: text(64) }, ['nic', 'uefi', 'bmc']),
  },
  ['reason', 'class', 'cutOff', 'device', 'firmware'],
);
