/** The assignments at the head of bf.cfg: parameters of the installer in the image. */
import type { DPUFlavorSpec } from '@dpf/api';
import { BfCfgError, valueOf, type Values } from './input.ts';
import { quote } from './shell.ts';

const PASSWORD = 'ubuntu_PASSWORD';
/** A crypt hash. The installer pastes it into a perl program and into YAML, so nothing that these would read as their own may pass. */
const CRYPT_HASH = /^\$[a-z0-9]+\$[A-Za-z0-9./$=,_*+-]+$/;

/** The parameters of the flavor, and the password, by name; a later one wins. Throws BfCfgError. */
export function variables(flavor: DPUFlavorSpec, values: Values): Map<string, string> {
  const all = new Map((flavor.bfcfgParameters ?? []).map(parameter));
  if (flavor.passwordSecretRef) {
    const value = valueOf(values, { kind: 'Secret', ...flavor.passwordSecretRef });
    all.set(PASSWORD, new TextDecoder().decode(value).trim());
  }
  const password = all.get(PASSWORD);
  if (password !== undefined && !CRYPT_HASH.test(password)) {
    const where = flavor.passwordSecretRef ? `Secret ${flavor.passwordSecretRef.name} key ${flavor.passwordSecretRef.key}` : PASSWORD;
    throw new BfCfgError('FlavorInvalid', `${where} is no crypt hash: make one with \`openssl passwd -6\``);
  }
  return all;
}

/** True when user ubuntu gets a password. */
export const hasPassword = (all: ReadonlyMap<string, string>): boolean => all.has(PASSWORD);

export const assignments = (all: ReadonlyMap<string, string>): string =>
  [...all].map(([name, value]) => `${name}=${quote(value)}\n`).join('');

function parameter(text: string): [name: string, value: string] {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined || name.startsWith('DPF_')) {
    throw new BfCfgError('FlavorInvalid', `bfcfgParameters: ${JSON.stringify(text.split('=')[0])} is no NAME=value`);
  }
  return [name, unquoted(value)];
}

/** bf.cfg files are shell: people write the quotes that a shell would take away. */
const unquoted = (value: string): string =>
  /^'([^]*)'$|^"([^]*)"$/
    .exec(value)
    ?.slice(1)
    .find((part) => part !== undefined) ?? value;
