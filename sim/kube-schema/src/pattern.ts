/** Patterns of text. */

const patterns = new Map<string, RegExp>();
/** Patterns are RE2's: `\\-` and its like are escapes there, and in JavaScript only without the flag u. */
export function regex(pattern: string): RegExp {
  let known = patterns.get(pattern);
  if (!known) {
    try {
      known = new RegExp(pattern, 'u');
    } catch {
      known = new RegExp(pattern);
    }
    patterns.set(pattern, known);
  }
  return known;
}
