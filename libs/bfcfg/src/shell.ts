/** Serializers for bash: whatever the text, what they emit is data and never runs. */

/** A word that bash reads as exactly `text`. NUL cannot occur in a word: the installer drops it. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Several words. */
export const words = (texts: readonly string[]): string => texts.map(quote).join(' ');

/** ASCII lines that a here-document carries as they are. */
const LINES = /^(?:[\t\x20-\x7e]*\n)*$/;

/**
 * `command`, with `content` on its standard input, byte for byte. ASCII lines go as a quoted here-document, whose delimiter is no line of the content;
 * everything else as escapes for printf, which is built into bash: the initramfs that runs bf.cfg has no base64.
 */
export function feed(command: string, content: Uint8Array | string): string {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const text = latin1(bytes);
  if (!LINES.test(text)) return `printf %b '${escape(text)}' | ${command}\n`;
  const lines = new Set(text.split('\n'));
  let delimiter = 'DPF_END';
  while (lines.has(delimiter)) delimiter += '_';
  return `${command} <<'${delimiter}'\n${text}${delimiter}\n`;
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

/** For `printf %b` inside single quotes: quote, backslash and what is not printable ASCII become `\0ooo`. */
const escape = (text: string): string =>
  text.replace(/[^\t\n\x20-\x26\x28-\x5b\x5d-\x7e]/g, (byte) => `\\0${byte.charCodeAt(0).toString(8).padStart(3, '0')}`);
