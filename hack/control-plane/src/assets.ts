/** Where the programs of a real control plane are found: named by the user, built before, or to be built. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { build } from './build.ts';
import { PROGRAMS } from './programs.ts';

/** The folder with the programs, or one line that says what is skipped without them and what to do. */
export type Assets = { folder: string } | { skip: string };

/** What a story needs: an API server with its etcd, or the controllers too (`all`). */
export type Need = 'api' | 'all';

/** What is there on this machine. */
export interface Found {
  /** KUBEBUILDER_ASSETS and what lies in it; empty or undefined: not set. */
  named?: { folder: string; programs: readonly string[] } | undefined;
  /** Where a build of ours is kept, and what lies there. */
  cache: { folder: string; programs: readonly string[] };
  /** Path of Go; undefined: none on PATH. */
  go?: string | undefined;
}

/** The assets, or that a build makes them. */
export type Decision = Assets | { build: { go: string; folder: string } };

const WITHOUT = 'stories on a real Kubernetes API are skipped';

/** Decides where the programs come from: the user's word first, then an earlier build, then Go. Throws where KUBEBUILDER_ASSETS names no API server. */
export function decideAssets({ named, cache, go }: Found, need: Need): Decision {
  if (named) {
    const missing = PROGRAMS.filter((program) => !named.programs.includes(program));
    if (missing.length === 0 || (need === 'api' && missing.every((program) => program === 'kube-controller-manager')))
      return { folder: named.folder };
    if (missing.some((program) => program !== 'kube-controller-manager'))
      throw new Error(
        `KUBEBUILDER_ASSETS=${named.folder} holds no ${missing.join(', no ')}: name a folder made by setup-envtest, or unset it to use a build of Go.`,
      );
    return {
      skip:
        `KUBEBUILDER_ASSETS=${named.folder} holds no kube-controller-manager (folders made by setup-envtest do not): ` +
        'stories that need controllers (joins by bootstrap token, namespaces that end) are skipped. Put one there, or unset it to use a build of Go.',
    };
  }
  if (PROGRAMS.every((program) => cache.programs.includes(program))) return { folder: cache.folder };
  if (go !== undefined) return { build: { go, folder: cache.folder } };
  return {
    skip: `${WITHOUT}: install Go (they are then built once, in about 5 minutes), or set KUBEBUILDER_ASSETS to a folder made by setup-envtest.`,
  };
}

/** The assets that are there now, without building: for test files. Throws where KUBEBUILDER_ASSETS is wrong. */
export function knownAssets(need: Need = 'all'): Assets {
  const decision = decideAssets(look(), need);
  return 'build' in decision
    ? { skip: `${WITHOUT}: \`npm run setup -- --control-plane\` builds it with Go, once, in about 5 minutes.` }
    : decision;
}

/** The assets; built when they are missing and Go is there (about 5 minutes, once). A build that fails is a skip that says why. */
export async function controlPlaneAssets(say: (line: string) => void = (line) => console.error(line)): Promise<Assets> {
  const decision = decideAssets(look(), 'api');
  if (!('build' in decision)) return decision;
  try {
    await build({ ...decision.build, version: VERSION, say });
    return { folder: decision.build.folder };
  } catch (error) {
    return { skip: `${WITHOUT}: Go could not build them: ${(error as Error).message}` };
  }
}

/** The Kubernetes release that the module in ../kubernetes names. */
const VERSION =
  /^\tk8s\.io\/kubernetes (v\S+)/m.exec(readFileSync(new URL('../kubernetes/go.mod', import.meta.url), 'utf8'))?.[1] ?? 'unknown';

function look(): Found {
  const { KUBEBUILDER_ASSETS: named, XDG_CACHE_HOME: caches, PATH = '' } = process.env;
  const inside = (folder: string) => ({ folder, programs: PROGRAMS.filter((program) => existsSync(join(folder, program))) });
  return {
    named: named ? inside(named) : undefined,
    cache: inside(join(caches || join(homedir(), '.cache'), 'dpf-provisioning', `kubernetes-${VERSION}`)),
    go: PATH.split(delimiter)
      .map((folder) => join(folder, 'go'))
      .find((path) => existsSync(path)),
  };
}
