/**
 * The agent's files on its host, and their removal once no agent is installed there any more. Files go by the names that the agent gives, and a folder
 * only when it is empty: where the folder is, is a value of the chart, and may be a folder that is not the agent's alone.
 */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../host/port.ts';
import { JOURNAL_FILE, unfinishedIn } from '../journal/journal.ts';
import type { JournalData } from '../journal/records.ts';
import { becomeOnlyAgent, createLocks, LOCKS } from '../lock.ts';
import { BRIDGE } from '../operations/host-network.ts';

const CARD = '[0-9a-f]{4,}-[0-9a-f]{2}-[0-9a-f]{2}';
const STATE = new RegExp(`^(journal\\.json(\\.new|\\.unreadable)?|push-${CARD}\\.json(\\.new)?)$`);
const LOCK = new RegExp(`^(agent|${BRIDGE}|${CARD})\\.lock$`);
/** Names of others that are told; there may be many. */
const TOLD = 5;

export interface AgentFiles {
  stateDir: string;
  /** Of Node Feature Discovery. */
  featureFile: string;
}

/**
 * Waits until no agent works with the files, and removes them. A journal that an agent has still to undo something from stays, and all beside it.
 * @param signal when it is waited no longer
 * @returns why the state folder stays; undefined: nothing does
 */
export async function removeFiles({ stateDir, featureFile }: AgentFiles, signal: AbortSignal): Promise<string | undefined> {
  // By push-once the journal is only taken from an agent that has ended, whichever release's.
  const used = existsSync(stateDir);
  const only = used ? await becomeOnlyAgent(createLocks(stateDir), signal, () => undefined) : undefined;
  if (used && !only) return 'an agent is still at work with it';
  try {
    const left = only && ((await busyCard(stateDir)) ?? notUndone(stateDir) ?? removeState(stateDir));
    // Last: NFD then takes the labels from the Node, upon which the Pod that does this may go.
    for (const name of [basename(featureFile), `.${basename(featureFile)}.new`]) rmSync(join(dirname(featureFile), name), { force: true });
    return left;
  } finally {
    await only?.release();
  }
}

/** By card-lock: a push child may have outlived its agent. */
async function busyCard(stateDir: string): Promise<string | undefined> {
  const locks = createLocks(stateDir);
  for (const name of readdirSync(join(stateDir, LOCKS)).filter((name) => LOCK.test(name) && name !== 'agent.lock')) {
    const lock = await locks.tryAcquire(basename(name, '.lock'));
    if (!lock) return `an operation on card ${basename(name, '.lock')} is not over`;
    await lock.release();
  }
  return undefined;
}

function notUndone(stateDir: string): string | undefined {
  let journal: Partial<JournalData>;
  try {
    journal = JSON.parse(readFileSync(join(stateDir, JOURNAL_FILE), 'utf8')) as Partial<JournalData>;
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? undefined : `its ${JOURNAL_FILE} cannot be read`;
  }
  const { installs = {}, hostNetworks = {} } = journal;
  const held = [
    ...unfinishedIn({ installs }).map(({ pci }) => `the installation of card ${pci}`),
    ...Object.keys(hostNetworks).map((pci) => `the host network of card ${pci}`),
  ];
  return held.length === 0 ? undefined : `it tells of ${held.join(', ')}, which an agent that is installed again undoes`;
}

function removeState(stateDir: string): string | undefined {
  // Locks after the journal: an agent that starts now shall find none.
  const others = removeNamed(stateDir, STATE).filter((name) => name !== LOCKS);
  const locks = join(stateDir, LOCKS);
  const left = [...others, ...removeNamed(locks, LOCK).map((name) => `${LOCKS}/${name}`)].sort();
  if (left.length === others.length) rmdirSync(locks);
  if (left.length === 0) rmdirSync(stateDir);
  const more = left.length > TOLD ? ` and ${left.length - TOLD} more` : '';
  return left.length === 0 ? undefined : `there are files of others: ${left.slice(0, TOLD).join(', ')}${more}`;
}

/** @returns the names that stay */
function removeNamed(folder: string, ours: RegExp): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  const isOurs = (entry: (typeof entries)[number]) => entry.isFile() && ours.test(entry.name);
  for (const { name } of entries.filter(isOurs)) unlinkSync(join(folder, name));
  return entries.filter((entry) => !isOurs(entry)).map(({ name }) => name);
}
