/** The stories of `npm run e2e`, in the order in which they are told. */
import type { Installation } from './installation.ts';
import { provision } from './provision.ts';
import { rollout } from './rollout.ts';
import { uninstall } from './uninstall.ts';

export const STORIES = { provision, rollout, uninstall } satisfies Record<string, (installation: Installation) => Promise<void>>;
export type StoryName = keyof typeof STORIES;
