/** Generates libs/api/src/generated/*.ts from crds/*.yaml: `pnpm generate`. The CRDs are the one description of the API. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** The part of a structural schema that the CRDs use. */
export interface Schema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema;
  items?: Schema;
  enum?: string[];
  pattern?: string;
  format?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  minLength?: number;
  maxItems?: number;
  maxProperties?: number;
  'x-kubernetes-int-or-string'?: true;
  'x-kubernetes-preserve-unknown-fields'?: true;
  'x-kubernetes-list-type'?: 'atomic' | 'map' | 'set';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-validations'?: { rule: string; message?: string; fieldPath?: string }[];
}
export interface Crd {
  metadata: { name: string };
  spec: {
    names: { kind: string; plural: string; singular: string; categories?: string[]; shortNames?: string[] };
    versions: { name: string; subresources?: { status?: object }; schema: { openAPIV3Schema: Schema } }[];
  };
}

const REPOSITORY = join(import.meta.dirname, '..');
export const GENERATED = join(REPOSITORY, 'libs/api/src/generated');

/** Reads crds/*.yaml. */
export function readCrds(): Crd[] {
  const folder = join(REPOSITORY, 'crds');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => parse(readFileSync(join(folder, name), 'utf8')) as Crd);
}

/** The generated files: name → text. */
export function generate(crds: Crd[]): Map<string, string> {
  return new Map(crds.map((crd) => [`${crd.spec.names.singular}.ts`, generateKind(crd)]));
}

function generateKind(crd: Crd): string {
  const { kind, plural } = crd.spec.names;
  const schema = crd.spec.versions[0]!.schema.openAPIV3Schema;
  const { spec, status } = schema.properties!;
  const parts = [
    `// Generated from crds/${plural}.yaml by hack/generate-types.ts: do not edit.`,
    `import type { KubeObject } from '../objects.ts';`,
    '',
    `${comment(spec!, '')}export interface ${kind}Spec ${typeOf(spec!, '')}`,
    ...(status ? [`${comment(status, '')}export interface ${kind}Status ${typeOf(status, '')}`] : []),
    `${comment(schema, '')}export interface ${kind} extends KubeObject {`,
    `  spec: ${kind}Spec;`,
    ...(status ? [`  status?: ${kind}Status;`] : []),
    '}',
  ];
  return parts.join('\n') + '\n';
}

function typeOf(schema: Schema, indent: string): string {
  if (schema['x-kubernetes-int-or-string']) return 'number | string';
  if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
      return schema.type;
    case 'integer':
      return 'number';
    case 'array': {
      const item = typeOf(schema.items!, indent);
      return item.includes(' | ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`;
    }
    case 'object':
      if (schema.additionalProperties) return `Record<string, ${typeOf(schema.additionalProperties, indent)}>`;
      return `{\n${Object.entries(schema.properties ?? {})
        .map(([name, field]) => property(name, field, schema.required?.includes(name) ?? false, `${indent}  `))
        .join('')}${indent}}`;
    default:
      throw new Error(`schema of no known type: ${JSON.stringify(schema)}`);
  }
}

const property = (name: string, schema: Schema, required: boolean, indent: string): string =>
  `${comment(schema, indent)}${indent}${name}${required ? '' : '?'}: ${typeOf(schema, indent)};\n`;

const comment = (schema: Schema, indent: string): string =>
  schema.description ? `${indent}/** ${schema.description.replaceAll('*/', '* /')} */\n` : '';

if (import.meta.main) for (const [name, text] of generate(readCrds())) writeFileSync(join(GENERATED, name), text);
