/** Label and field selectors in the syntax of query parameters. */
import { at, type KubeObject } from './objects.ts';
import { badRequest } from './status.ts';

export type Matcher = (object: KubeObject) => boolean;

/** The fields that every kind can be selected by, and their paths. */
const METADATA = { 'metadata.name': 'metadata.name', 'metadata.namespace': 'metadata.namespace' };

/** Splits at commas outside of parentheses. */
const clauses = (selector: string): string[] => selector.match(/(?:[^,(]|\([^)]*\))+/g)?.map((clause) => clause.trim()) ?? [];

function labelClause(clause: string): (labels: Record<string, string>) => boolean {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(clause);
  if (set) {
    const [, key, operator, list] = set as unknown as [string, string, string, string];
    const values = new Set(list.split(',').map((value) => value.trim()));
    return operator === 'in'
      ? (labels) => key in labels && values.has(labels[key]!)
      : (labels) => !(key in labels && values.has(labels[key]!));
  }
  const comparison = /^([^\s=!<>]+)\s*(==|=|!=|>|<)\s*([^\s=!<>]*)$/.exec(clause);
  if (comparison) {
    const [, key, operator, value] = comparison as unknown as [string, string, string, string];
    if (operator === '!=') return (labels) => labels[key] !== value;
    if (operator === '>') return (labels) => Number(labels[key]) > Number(value);
    if (operator === '<') return (labels) => Number(labels[key]) < Number(value);
    return (labels) => labels[key] === value;
  }
  const absent = /^!\s*([^\s=!<>()]+)$/.exec(clause);
  if (absent) return (labels) => !(absent[1]! in labels);
  if (/^[^\s=!<>()]+$/.test(clause)) return (labels) => clause in labels;
  throw badRequest(`unable to parse requirement: found '${clause.split(/\s+/)[1] ?? clause}', expected: in, notin, =, ==, !=, gt, lt`);
}

/** Compiles a label selector; undefined when it selects everything. */
export function labelMatcher(selector: string | undefined): Matcher | undefined {
  if (!selector) return undefined;
  const requirements = clauses(selector).map(labelClause);
  return (object) => requirements.every((matches) => matches(object.metadata.labels ?? {}));
}

/** Compiles a field selector; 400 for a field that the kind cannot be selected by. */
export function fieldMatcher(selector: string | undefined, fields: Record<string, string>): Matcher | undefined {
  if (!selector) return undefined;
  const requirements = clauses(selector).map((clause) => {
    const parts = /^([^=!]+?)(==|=|!=)(.*)$/.exec(clause);
    if (!parts) throw badRequest(`invalid field selector: '${clause}'; can't understand '${clause}'`);
    const [, name, operator, value] = parts as unknown as [string, string, string, string];
    const path = { ...METADATA, ...fields }[name]?.split('.');
    if (!path) throw badRequest(`field label not supported: ${name}`);
    return (object: KubeObject) => (String(at(object, ...path) ?? '') === value) === (operator !== '!=');
  });
  return (object) => requirements.every((matches) => matches(object));
}
