/** Columns of `kubectl get`: those of built-in kinds, and those that a CustomResourceDefinition names. */
import { at, isMap, type KubeObject } from '../objects.ts';
import { parseJsonPath } from './json-path.ts';
import type { Column } from './resource.ts';

/** `5m30s`, `3h`, `12d`: the time since, as kubectl writes it. */
export function age(since: unknown, now: Date): string {
  if (typeof since !== 'string') return '<unknown>';
  const seconds = Math.floor((now.getTime() - Date.parse(since)) / 1000);
  if (Number.isNaN(seconds) || seconds < -1) return '<invalid>';
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86_400)];
  const pair = (a: number, unit: string, b: number, small: string) => (b > 0 ? `${a}${unit}${b}${small}` : `${a}${unit}`);
  if (seconds < 120) return `${Math.max(seconds, 0)}s`;
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (days < 8) return pair(days, 'd', hours % 24, 'h');
  return days < 730 ? `${days}d` : `${Math.floor(days / 365)}y`;
}

export const NAME: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
  value: (object) => object.metadata.name,
};
export const AGE: Column = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  value: (object, now) => age(object.metadata.creationTimestamp, now),
};

/** A column of a built-in kind that shows what is found at a path, or what a function makes of the object. */
export function column(name: string, from: string | ((object: KubeObject, now: Date) => unknown), priority = 0): Column {
  const value = typeof from === 'string' ? (object: KubeObject) => at(object, ...from.split('.')) ?? '' : from;
  return { name, type: 'string', priority, value };
}

/** The number of entries of a map, as the Data column shows it. */
export const countOf = (object: KubeObject, ...fields: string[]): number =>
  fields.reduce((sum, name) => sum + (isMap(object[name]) ? Object.keys(object[name]).length : 0), 0);

interface PrinterColumn {
  name: string;
  type: string;
  jsonPath: string;
  format?: string;
  description?: string;
  priority?: number;
}

function cell(type: string, values: unknown[], now: Date): unknown {
  if (values.length === 0) return null;
  const [value] = values;
  if (type === 'date') return age(value, now);
  if (type === 'integer' || type === 'number') return typeof value === 'number' ? value : null;
  if (type === 'boolean') return typeof value === 'boolean' ? value : null;
  return values.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join(' ');
}

/** The columns of additionalPrinterColumns; without any: the age. */
export function printerColumns(given: PrinterColumn[] | undefined): Column[] {
  if (!given || given.length === 0) return [NAME, AGE];
  const columns = given.map(({ jsonPath, ...rest }): Column => {
    const read = parseJsonPath(jsonPath);
    return { ...rest, value: (object, now) => cell(rest.type, read(object), now) };
  });
  return [NAME, ...columns];
}
