/** configFiles of a DPUFlavor that are refused, with the words that a user reads. */
import { UNCHECKED, long, times, type Table } from './row.ts';

const ref = { name: 'a', key: 'b' };
/** A spec with one file. */
export const file = (more: object) => ({ configFiles: [{ path: '/etc/a', operation: 'override', ...more }] });
const raw = (path: string) => file({ path, raw: '' });

export const refusedFiles: Table['rejected'] = {
  'a file without a path': [
    { configFiles: [{ operation: 'append', raw: '' }] },
    `[spec.configFiles[0].path: Required value, ${UNCHECKED}]`,
  ],
  'a file without an operation': [
    { configFiles: [{ path: '/a', raw: '' }] },
    `[spec.configFiles[0].operation: Required value, ${UNCHECKED}]`,
  ],
  'an operation that is none': [
    file({ operation: 'delete', raw: '' }),
    `[spec.configFiles[0].operation: Unsupported value: "delete": supported values: "override", "append", ${UNCHECKED}]`,
  ],
  'a relative path': [
    raw('etc/a'),
    'spec.configFiles[0].path: Invalid value: "etc/a": configFiles: path must be the absolute path of a file, of letters, digits, blanks and . _ @ : + , % = ~ -',
  ],
  'a path that climbs': [
    raw('/a/../b'),
    'spec.configFiles[0].path: Invalid value: "/a/../b": configFiles: path must not contain . or .. as a segment',
  ],
  'a path that ends above': [
    raw('/a/..'),
    'spec.configFiles[0].path: Invalid value: "/a/..": configFiles: path must not contain . or .. as a segment',
  ],
  'a path with a dot': [
    raw('/./a'),
    'spec.configFiles[0].path: Invalid value: "/./a": configFiles: path must not contain . or .. as a segment',
  ],
  'a folder': [
    raw('/etc/'),
    'spec.configFiles[0].path: Invalid value: "/etc/": configFiles: path must be the absolute path of a file, of letters, digits, blanks and . _ @ : + , % = ~ -',
  ],
  'the root': [
    raw('/'),
    'spec.configFiles[0].path: Invalid value: "/": configFiles: path must be the absolute path of a file, of letters, digits, blanks and . _ @ : + , % = ~ -',
  ],
  'a path with an empty part': [
    raw('//etc/a'),
    'spec.configFiles[0].path: Invalid value: "//etc/a": configFiles: path must be the absolute path of a file, of letters, digits, blanks and . _ @ : + , % = ~ -',
  ],
  'an empty path': [
    raw(''),
    'spec.configFiles[0].path: Invalid value: "": configFiles: path must be the absolute path of a file, of letters, digits, blanks and . _ @ : + , % = ~ -',
  ],
  'a path that is too long': [raw(long(1025, '/')), `[spec.configFiles[0].path: Too long: may not be more than 1024 bytes, ${UNCHECKED}]`],
  'a file without content': [
    file({}),
    'spec.configFiles[0]: Invalid value: configFiles: set exactly one of raw, secretRef and configMapRef',
  ],
  'a file with two contents': [
    file({ raw: '', secretRef: ref }),
    'spec.configFiles[0]: Invalid value: configFiles: set exactly one of raw, secretRef and configMapRef',
  ],
  'a file with two references': [
    file({ configMapRef: ref, secretRef: ref }),
    'spec.configFiles[0]: Invalid value: configFiles: set exactly one of raw, secretRef and configMapRef',
  ],
  'content that is too long': [
    file({ raw: long(98_305) }),
    `[spec.configFiles[0].raw: Too long: may not be more than 98304 bytes, ${UNCHECKED}]`,
  ],
  'too many files': [
    { configFiles: times(65, () => ({ path: '/a', operation: 'append', raw: '' })) },
    `[spec.configFiles: Too many: 65: must have at most 64 items, ${UNCHECKED}]`,
  ],
  'a Secret without a name': [file({ secretRef: { key: 'a' } }), `[spec.configFiles[0].secretRef.name: Required value, ${UNCHECKED}]`],
  'a Secret without a key': [file({ secretRef: { name: 'a' } }), `[spec.configFiles[0].secretRef.key: Required value, ${UNCHECKED}]`],
  'a name of a Secret that is none': [
    file({ secretRef: { name: '../a', key: 'b' } }),
    'spec.configFiles[0].secretRef.name: Invalid value: "../a": secretRef.name must be the name of a Secret: lowercase letters, digits, - and ., with a letter or digit at both ends',
  ],
  'a name of a Secret that is too long': [
    file({ secretRef: { name: long(254), key: 'b' } }),
    `[spec.configFiles[0].secretRef.name: Too long: may not be more than 253 bytes, ${UNCHECKED}]`,
  ],
  'a key of a Secret that is none': [
    file({ secretRef: { name: 'a', key: 'b/c' } }),
    'spec.configFiles[0].secretRef.key: Invalid value: "b/c": secretRef.key must be a key of the Secret: letters, digits, -, _ and .',
  ],
  'a key of a Secret that is too long': [
    file({ secretRef: { name: 'a', key: long(254) } }),
    `[spec.configFiles[0].secretRef.key: Too long: may not be more than 253 bytes, ${UNCHECKED}]`,
  ],
  'a ConfigMap without a name': [
    file({ configMapRef: { key: 'a' } }),
    `[spec.configFiles[0].configMapRef.name: Required value, ${UNCHECKED}]`,
  ],
  'a ConfigMap without a key': [
    file({ configMapRef: { name: 'a' } }),
    `[spec.configFiles[0].configMapRef.key: Required value, ${UNCHECKED}]`,
  ],
  'a name of a ConfigMap that is none': [
    file({ configMapRef: { name: 'a_b', key: 'b' } }),
    'spec.configFiles[0].configMapRef.name: Invalid value: "a_b": configMapRef.name must be the name of a ConfigMap: lowercase letters, digits, - and ., with a letter or digit at both ends',
  ],
  'a name of a ConfigMap that is too long': [
    file({ configMapRef: { name: long(254), key: 'b' } }),
    `[spec.configFiles[0].configMapRef.name: Too long: may not be more than 253 bytes, ${UNCHECKED}]`,
  ],
  'a key of a ConfigMap that is none': [
    file({ configMapRef: { name: 'a', key: 'ä' } }),
    'spec.configFiles[0].configMapRef.key: Invalid value: "ä": configMapRef.key must be a key of the ConfigMap: letters, digits, -, _ and .',
  ],
  'a key of a ConfigMap that is too long': [
    file({ configMapRef: { name: 'a', key: long(254) } }),
    `[spec.configFiles[0].configMapRef.key: Too long: may not be more than 253 bytes, ${UNCHECKED}]`,
  ],
  'a mode that is none': [
    file({ raw: '', permissions: '0888' }),
    'spec.configFiles[0].permissions: Invalid value: "0888": configFiles: permissions must be a mode in octal, in quotes, for example "0755"',
  ],
  'a mode in letters': [
    file({ raw: '', permissions: 'u=rwx' }),
    'spec.configFiles[0].permissions: Invalid value: "u=rwx": configFiles: permissions must be a mode in octal, in quotes, for example "0755"',
  ],
  'a mode that is a number': [
    file({ raw: '', permissions: 755 }),
    `[spec.configFiles[0].permissions: Invalid value: "integer": spec.configFiles[0].permissions in body must be of type string: "integer", ${UNCHECKED}]`,
  ],
  'a mode that is too long': [
    file({ raw: '', permissions: '0'.repeat(17) }),
    `[spec.configFiles[0].permissions: Too long: may not be more than 16 bytes, ${UNCHECKED}]`,
  ],
};
