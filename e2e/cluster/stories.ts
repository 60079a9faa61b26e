/** The stories of `npm run e2e`, in the order in which they are told. */
import { abandoned } from './abandoned.ts';
import { apart } from './apart.ts';
import type { Installation } from './installation.ts';
import { people } from './people.ts';
import { provision } from './provision.ts';
import { rights } from './rights.ts';
import { rollout } from './rollout.ts';
import { uninstall } from './uninstall.ts';

export interface Story {
  tell: (installation: Installation) => Promise<void>;
  /** Resets of hosts reboot real nodes, where the run can do that. */
  reboots: boolean;
}

export const STORIES = {
  provision: { tell: provision, reboots: true },
  people: { tell: people, reboots: false },
  rollout: { tell: rollout, reboots: true },
  uninstall: { tell: uninstall, reboots: true },
  abandoned: { tell: abandoned, reboots: false },
  apart: { tell: apart, reboots: false },
  rights: { tell: rights, reboots: false },
} satisfies Record<string, Story>;
export type StoryName = keyof typeof STORIES;
