/** bf.cfg: the bash fragment behind the image, which the installer of the image sources, and whose `bfb_modify_os` it runs (the system is mounted on /mnt). */
import { failureMarker, type ConfigFile } from '@dpf/api';
import { LOCK_ACCOUNT } from './account.ts';
import { firstBoot } from './first-boot.ts';
import { BfCfgError, valueOf, type BfCfgInput, type Values } from './input.ts';
import { joinScript } from './join.ts';
import { quote } from './shell.ts';
import { systemFiles } from './system-files.ts';
import { WRITERS, writeFile, type TargetFile } from './target-file.ts';
import { enable, unitFile, units } from './units.ts';
import { assignments, hasPassword, variables } from './variables.ts';

/** Bytes of bf.cfg that the installer reads (32 blocks of 4096); it cuts off the rest without a word. */
export const BFCFG_LIMIT = 131_072;

/** Size of a rendered bf.cfg in bytes: to be compared with {@link BFCFG_LIMIT}. */
export const bfcfgBytes = (text: string): number => Buffer.byteLength(text);

/**
 * Renders bf.cfg. It is secret: it holds the join token, password hash and the contents of Secrets. A multiple of 8 bytes: the driver keeps the last
 * 1 to 7 bytes back until the boot file is closed. Throws BfCfgError when the flavor cannot be rendered; the size is for the caller to judge.
 */
export function renderBfCfg(input: BfCfgInput): string {
  const parameters = variables(input.flavor, input.values);
  const all = units(input);
  const body = [
    ...systemFiles(input).map(writeFile),
    ...(hasPassword(parameters) ? [] : [LOCK_ACCOUNT]),
    // The image's own settings of the uplinks would take the default route.
    ...(input.join ? ['rm -f "$DPF_ROOT"/etc/netplan/60-mlnx*.yaml\n'] : []),
    // After the settings, so that a file of the flavor wins over them; before the scripts, which it must not replace.
    ...(input.flavor.configFiles ?? []).map((file) => writeFile(configFile(file, input.values))),
    ...[...firstBoot(input), ...joinScript(input), ...all.map(unitFile)].map(writeFile),
    enable(all),
  ].join('');
  // A subshell, because `set -e` would end the installer; not followed by ||, because that would switch it off.
  return padded(`${assignments(parameters)}bfb_modify_os() {
: "\${DPF_ROOT:=/mnt}"
(
set -e
umask 022
${WRITERS}${body})
dpf_status=$?
if [ $dpf_status != 0 ]; then bfrshlog ${quote(`ERR ${failureMarker(input.uid, input.attempt)} bfb_modify_os`)}; fi
return $dpf_status
}
`);
}

function configFile({ path, operation, permissions, raw, secretRef, configMapRef }: ConfigFile, values: Values): TargetFile {
  if (!path.startsWith('/') || /\/\.{0,2}(\/|$)/.test(path)) {
    throw new BfCfgError('FlavorInvalid', `configFiles: ${JSON.stringify(path)} is no absolute path of a file`);
  }
  const content = secretRef
    ? valueOf(values, { kind: 'Secret', ...secretRef })
    : configMapRef
      ? valueOf(values, { kind: 'ConfigMap', ...configMapRef })
      : (raw ?? '');
  return { path, content, append: operation === 'append', ...(permissions !== undefined && { mode: permissions }) };
}

const padded = (text: string): string => text + '\n'.repeat((8 - (bfcfgBytes(text) % 8)) % 8);
