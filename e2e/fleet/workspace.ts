/** Where things are: the workspace, and a folder of its own for every run. */
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const WORKSPACE = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const CRDS = join(WORKSPACE, 'crds');
export const CRD_FILES = readdirSync(CRDS)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => join(CRDS, name));
export const CHART = join(WORKSPACE, 'charts', 'dpf-provisioning');
export const FOUNDING_DOCUMENT = join(CRDS, 'samples', 'founding-document.yaml');

/** A new folder below the system's folder for temporary files. */
export const newRunFolder = (): string => mkdtempSync(join(tmpdir(), 'dpf-'));

/** Every service has a ServiceAccount and a Redis user of its own. */
export const CONTROLLERS = ['dpuset-controller', 'dpu-controller', 'bfb-downloader'] as const;
export type Controller = (typeof CONTROLLERS)[number];
export const SERVICES = [...CONTROLLERS, 'dms-agent'] as const;
