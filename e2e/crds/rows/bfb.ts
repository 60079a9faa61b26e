/** Bfb: what is accepted and what is refused, with the words that a user reads. */
import { UNCHECKED, long, type Table } from './row.ts';

const url = 'https://images.example.com/doca.bfb';
const SHA256 = 'a1'.repeat(32);
const PUBLISHED = { phase: 'Ready', sha256: SHA256 };

export const bfb: Table = {
  kind: 'Bfb',
  accepted: {
    'a url alone': { spec: { url } },
    'an address without a path': { spec: { url: 'http://10.0.0.7' } },
    'an IPv6 address with a port': { spec: { url: 'http://[fd00::7]:8080/doca.bfb' } },
    'a query string and a fragment': { spec: { url: `${url}?version=7&x=%20#part` } },
    'an @ behind the host': { spec: { url: 'https://h/a@b/doca.bfb?mail=me@h' } },
    'letters beyond ASCII in a path': { spec: { url: 'https://h/größe/漢.bfb' } },
    'shell characters in a url, which no shell reads': { spec: { url: "https://h/$(id)`id`;'id'|../x.bfb" } },
    'every field at its longest': {
      spec: {
        url: long(2048, 'http://h/'),
        fileName: long(255, '', '.bfb'),
        sha256: SHA256,
        caBundleRef: { name: long(253) },
        secretRef: { name: long(253) },
      },
    },
    'a digest in capitals': { spec: { url, sha256: SHA256.toUpperCase() } },
    'the shortest fileName': { spec: { url, fileName: 'a.bfb' } },
    'dots in a fileName, which is a name all the same': { spec: { url, fileName: '...bfb' } },
    'a dotted name of a Secret': { spec: { url, secretRef: { name: 'a.b-c.d' } } },
    'the longest name': { spec: { url }, name: long(253) },
  },
  rejected: {
    'no spec': [undefined, `[spec: Required value, ${UNCHECKED}]`],
    'no spec.url': [{}, `[spec.url: Required value, ${UNCHECKED}]`],
    'an empty url': [
      { url: '' },
      'spec.url: Invalid value: "": url must be an http:// or https:// address without blanks or control characters, for example https://server/images/doca.bfb',
    ],
    'a url that is a number': [
      { url: 7 },
      `[spec.url: Invalid value: "integer": spec.url in body must be of type string: "integer", ${UNCHECKED}]`,
    ],
    'another scheme': [
      { url: 'ftp://h/x.bfb' },
      'spec.url: Invalid value: "ftp://h/x.bfb": url must be an http:// or https:// address without blanks or control characters, for example https://server/images/doca.bfb',
    ],
    'a file url': [
      { url: 'file:///etc/shadow' },
      'spec.url: Invalid value: "file:///etc/shadow": url must be an http:// or https:// address without blanks or control characters, for example https://server/images/doca.bfb',
    ],
    'a scheme in capitals': [
      { url: 'HTTP://h/x.bfb' },
      'spec.url: Invalid value: "HTTP://h/x.bfb": url must be an http:// or https:// address without blanks or control characters, for example https://server/images/doca.bfb',
    ],
    'no host': [
      { url: 'http:///x.bfb' },
      'spec.url: Invalid value: "http:///x.bfb": url must be an http:// or https:// address without blanks or control characters, for example https://server/images/doca.bfb',
    ],
    credentials: [
      { url: 'https://me:secret@h/x.bfb' },
      'spec.url: Forbidden: url must not carry credentials: put them into a Secret and name it in spec.secretRef',
    ],
    'a user': [
      { url: 'https://me@h/x.bfb' },
      'spec.url: Forbidden: url must not carry credentials: put them into a Secret and name it in spec.secretRef',
    ],
    'a blank in a url': [
      { url: 'http://h/a b.bfb' },
      'spec.url: Invalid value: "http://h/a b.bfb": url must be an http:// or https:// address without blanks or control characters, for example https://server/images/doca.bfb',
    ],
    'a url of two lines': [
      { url: 'http://h/a\nHost: other' },
      'spec.url: Invalid value: "http://h/a\\nHost: other": url must be an http:// or https:// address without blanks or control characters, for example https://server/images/doca.bfb',
    ],
    'a NUL in a url': [
      { url: 'http://h/a\u0000b' },
      'spec.url: Invalid value: "http://h/a\\x00b": url must be an http:// or https:// address without blanks or control characters, for example https://server/images/doca.bfb',
    ],
    'a url that is too long': [{ url: long(2049, 'http://h/') }, `[spec.url: Too long: may not be more than 2048 bytes, ${UNCHECKED}]`],
    'a fileName with a path': [
      { url, fileName: '../x.bfb' },
      'spec.fileName: Invalid value: "../x.bfb": fileName must be a name without folders that ends in .bfb, of letters, digits, ., _ and -',
    ],
    'an absolute fileName': [
      { url, fileName: '/etc/x.bfb' },
      'spec.fileName: Invalid value: "/etc/x.bfb": fileName must be a name without folders that ends in .bfb, of letters, digits, ., _ and -',
    ],
    'a fileName of another kind': [
      { url, fileName: 'x.iso' },
      'spec.fileName: Invalid value: "x.iso": fileName must be a name without folders that ends in .bfb, of letters, digits, ., _ and -',
    ],
    'an ending alone': [
      { url, fileName: '.BFB' },
      'spec.fileName: Invalid value: ".BFB": fileName must be a name without folders that ends in .bfb, of letters, digits, ., _ and -',
    ],
    'a fileName that a shell would run': [
      { url, fileName: '$(id).bfb' },
      'spec.fileName: Invalid value: "$(id).bfb": fileName must be a name without folders that ends in .bfb, of letters, digits, ., _ and -',
    ],
    'a fileName of two lines': [
      { url, fileName: 'a\nb.bfb' },
      'spec.fileName: Invalid value: "a\\nb.bfb": fileName must be a name without folders that ends in .bfb, of letters, digits, ., _ and -',
    ],
    'a fileName that is too long': [
      { url, fileName: long(256, '', '.bfb') },
      `[spec.fileName: Too long: may not be more than 255 bytes, ${UNCHECKED}]`,
    ],
    'a short digest': [
      { url, sha256: 'abc' },
      'spec.sha256: Invalid value: "abc": sha256 must be 64 hexadecimal digits, as sha256sum prints them',
    ],
    'a digest with other letters': [
      { url, sha256: 'g'.repeat(64) },
      `spec.sha256: Invalid value: "${'g'.repeat(64)}": sha256 must be 64 hexadecimal digits, as sha256sum prints them`,
    ],
    'a digest with its algorithm': [
      { url, sha256: `sha256:${'a'.repeat(64)}` },
      `spec.sha256: Invalid value: "sha256:${'a'.repeat(64)}": sha256 must be 64 hexadecimal digits, as sha256sum prints them`,
    ],
    'a digest far too long': [{ url, sha256: 'a'.repeat(129) }, `[spec.sha256: Too long: may not be more than 128 bytes, ${UNCHECKED}]`],
    'a ConfigMap without a name': [{ url, caBundleRef: {} }, `[spec.caBundleRef.name: Required value, ${UNCHECKED}]`],
    'an empty name of a ConfigMap': [
      { url, caBundleRef: { name: '' } },
      'spec.caBundleRef.name: Invalid value: "": caBundleRef.name must be the name of a ConfigMap: lowercase letters, digits, - and ., with a letter or digit at both ends',
    ],
    'a ConfigMap of another namespace': [
      { url, caBundleRef: { name: 'other/ca' } },
      'spec.caBundleRef.name: Invalid value: "other/ca": caBundleRef.name must be the name of a ConfigMap: lowercase letters, digits, - and ., with a letter or digit at both ends',
    ],
    'a name of a ConfigMap that is too long': [
      { url, caBundleRef: { name: long(254) } },
      `[spec.caBundleRef.name: Too long: may not be more than 253 bytes, ${UNCHECKED}]`,
    ],
    'a Secret without a name': [{ url, secretRef: {} }, `[spec.secretRef.name: Required value, ${UNCHECKED}]`],
    'a name of a Secret in capitals': [
      { url, secretRef: { name: 'Login' } },
      'spec.secretRef.name: Invalid value: "Login": secretRef.name must be the name of a Secret: lowercase letters, digits, - and ., with a letter or digit at both ends',
    ],
    'two dots in the name of a Secret': [
      { url, secretRef: { name: 'a..b' } },
      'spec.secretRef.name: Invalid value: "a..b": secretRef.name must be the name of a Secret: lowercase letters, digits, - and ., with a letter or digit at both ends',
    ],
    'a name of a Secret that is too long': [
      { url, secretRef: { name: long(254) } },
      `[spec.secretRef.name: Too long: may not be more than 253 bytes, ${UNCHECKED}]`,
    ],
    'two faults at once': [
      { url: 'ftp://h', sha256: 'x' },
      [
        'spec.url: Invalid value: "ftp://h": url must be an http:// or https:// address without blanks or control characters, for example https://server/images/doca.bfb',
        'spec.sha256: Invalid value: "x": sha256 must be 64 hexadecimal digits, as sha256sum prints them',
      ],
    ],
    'a name in capitals': [
      { url },
      `metadata.name: Invalid value: "Doca": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
      'Doca',
    ],
    'a name that climbs': [
      { url },
      `metadata.name: Invalid value: "..": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
      '..',
    ],
    'a name that is too long': [
      { url },
      `metadata.name: Invalid value: "${'a'.repeat(254)}": must be no more than 253 characters`,
      long(254),
    ],
  },
  changes: {
    'a wrong url is corrected before an image is published': { before: { url: 'http://wrong/x.bfb' }, after: { url } },
    'a digest is added before an image is published': { before: { url }, after: { url, sha256: SHA256 }, status: { phase: 'Downloading' } },
    'the url of a published image': {
      before: { url },
      after: { url: 'http://other/x.bfb' },
      status: PUBLISHED,
      message: 'spec: Invalid value: spec is immutable once an image was published from it: create another Bfb and refer to that',
    },
    'a digest for a published image': {
      before: { url },
      after: { url, sha256: SHA256 },
      status: PUBLISHED,
      message: 'spec: Invalid value: spec is immutable once an image was published from it: create another Bfb and refer to that',
    },
    'the Secret of a published image': {
      before: { url, secretRef: { name: 'a' } },
      after: { url },
      status: PUBLISHED,
      message: 'spec: Invalid value: spec is immutable once an image was published from it: create another Bfb and refer to that',
    },
    'nothing, on a published image': { before: { url }, after: { url }, status: PUBLISHED },
  },
};
