/** Values as messages of a real server show them: Go's `%q` for text, JSON for the rest. */

const NAMED: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};
const hex = (code: number, digits: number) => code.toString(16).padStart(digits, '0');

function quoteCharacter(character: string): string {
  const named = NAMED[character];
  if (named) return named;
  if (character === ' ' || !/[\p{Z}\p{C}]/u.test(character)) return character;
  const code = character.codePointAt(0)!;
  return code < 0x80 ? `\\x${hex(code, 2)}` : code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

export const quote = (value: unknown): string =>
  typeof value === 'string' ? `"${[...value].map(quoteCharacter).join('')}"` : JSON.stringify(value);
