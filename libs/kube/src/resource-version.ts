/**
 * Compares two resourceVersions of one server: negative if `a` is older. They are decimal numbers of any length (guaranteed since Kubernetes 1.35,
 * true before), beyond what a JavaScript number holds exactly; '' and absent ones are older than all.
 */
export function compareResourceVersion(a: string | undefined, b: string | undefined): number {
  const left = a ?? '';
  const right = b ?? '';
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}
