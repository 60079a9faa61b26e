/** Files of the installed system, as bf.cfg writes them. */
import { feed, words } from './shell.ts';

export interface TargetFile {
  /** Absolute, on the DPU. */
  path: string;
  content: Uint8Array | string;
  /** Octal; absent: 0644 for a new file, an existing one keeps its own. */
  mode?: string;
  append?: boolean;
}

/** Uses only what the initramfs has. A symlink is replaced: its target may lie outside of the root. */
export const WRITERS = `dpf_place() {
  mkdir -p "$DPF_ROOT\${2%/*}"
  if [ -L "$DPF_ROOT$2" ]; then rm -f "$DPF_ROOT$2"; fi
}
dpf_mode() { if [ "$1" != - ]; then chmod "$1" "$DPF_ROOT$2"; fi; }
dpf_write() { dpf_place "$@"; cat >"$DPF_ROOT$2"; dpf_mode "$@"; }
dpf_append() { dpf_place "$@"; cat >>"$DPF_ROOT$2"; dpf_mode "$@"; }
`;

export const writeFile = ({ path, content, mode, append }: TargetFile): string =>
  feed(`${append ? 'dpf_append' : 'dpf_write'} ${words([mode ?? '-', path])}`, content);
