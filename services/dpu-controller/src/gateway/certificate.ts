/** The endpoint's certificate and key, read again when the files change (the kubelet and cert-manager renew them in place). */
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

export interface KeyPair {
  cert: string;
  key: string;
}

/** @throws Error that names the file, when one cannot be read or the two do not make a key pair */
export async function readKeyPair(certFile: string, keyFile: string): Promise<KeyPair> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  try {
    // A file that is just being written may be empty, which OpenSSL takes for none.
    if (!cert.includes('-----END') || !key.includes('-----END')) throw new Error('one of them is empty or cut short');
    createSecureContext({ cert, key });
  } catch (error) {
    throw new Error(`${certFile} and ${keyFile} are no certificate and key that fit: ${(error as Error).message}`, { cause: error });
  }
  return { cert, key };
}

/** Looks every `everyMs` whether the pair changed, and hands over each new good one. Files half written are looked at again. Answers the stopper. */
export function watchKeyPair(
  files: { certFile: string; keyFile: string; first: KeyPair; everyMs: number },
  onChange: (pair: KeyPair) => void,
  onProblem: (error: Error) => void,
): () => void {
  let { cert, key } = files.first;
  const timer = setInterval(() => {
    readKeyPair(files.certFile, files.keyFile).then((pair) => {
      if (pair.cert === cert && pair.key === key) return;
      ({ cert, key } = pair);
      onChange(pair);
    }, onProblem);
  }, files.everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
