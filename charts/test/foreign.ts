/** The CRDs of other projects whose objects the chart renders, from their Go modules: the proxy checks them by digest, and Go keeps them. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { Rendered } from './helm.ts';

const SOURCES: Record<string, string[]> = {
  'github.com/cert-manager/cert-manager@v1.21.2': [
    'deploy/crds/cert-manager.io_certificates.yaml',
    'deploy/crds/cert-manager.io_issuers.yaml',
  ],
  'sigs.k8s.io/node-feature-discovery@v0.17.3': ['deployment/base/nfd-crds/nfd-api-crds.yaml'],
  'github.com/openshift/api@v0.0.0-20240830023148-b7d0481c9094': [
    'security/v1/zz_generated.crd-manifests/0000_03_config-operator_01_securitycontextconstraints.crd.yaml',
  ],
  'github.com/prometheus-operator/prometheus-operator@v0.85.0': ['example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml'],
};
/** Of a first download, 25 MB; later ones take nothing. */
const DOWNLOAD_MS = 50_000;

/** The CRDs, or why there are none (no Go, no way to its proxy). */
export async function foreignCrds(): Promise<{ crds: Rendered[] } | { skip: string }> {
  const env = { ...process.env, GOFLAGS: '', GOWORK: 'off' };
  const argv = ['mod', 'download', '-json', ...Object.keys(SOURCES)];
  try {
    const { stdout } = await promisify(execFile)('go', argv, { cwd: tmpdir(), env, timeout: DOWNLOAD_MS });
    const modules = JSON.parse(`[${stdout.replaceAll(/^\}\n\{/gm, '},{')}]`) as { Path: string; Version: string; Dir: string }[];
    const files = modules.flatMap(({ Path, Version, Dir }) => (SOURCES[`${Path}@${Version}`] ?? []).map((file) => join(Dir, file)));
    return { crds: files.flatMap((file) => parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Rendered)) };
  } catch (error) {
    return { skip: `without Go and its module proxy (${(error as Error).message.split('\n')[0]})` };
  }
}
