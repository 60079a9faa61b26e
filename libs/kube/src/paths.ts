import type { KindInfo, ObjectRef } from './ports.ts';

/**
 * The URL path of a kind's collection, or of one object of it.
 * @throws TypeError for a name or namespace that cannot be one: an empty name would otherwise address the whole collection.
 */
export function pathOf(kind: KindInfo, namespace: string | undefined, name?: string, subresource?: 'status'): string {
  const prefix = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  const scope = kind.namespaced && namespace !== undefined ? `/namespaces/${segment(kind, namespace)}` : '';
  if (kind.namespaced && namespace === undefined && name !== undefined)
    throw new TypeError(`${kind.kind} ${name}: its namespace is missing`);
  const object = name === undefined ? '' : `/${segment(kind, name)}`;
  return `${prefix}${scope}/${kind.plural}${object}${subresource ? `/${subresource}` : ''}`;
}

function segment(kind: KindInfo, name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/'))
    throw new TypeError(`${kind.kind}: "${name}" cannot be a name or namespace`);
  return encodeURIComponent(name);
}

/** `Dpu default/dpu-1`, for messages. */
export function nameOf(kind: KindInfo, ref: Partial<ObjectRef>): string {
  const name = [kind.namespaced ? ref.namespace : undefined, ref.name].filter(Boolean).join('/');
  return name ? `${kind.kind} ${name}` : kind.kind;
}
