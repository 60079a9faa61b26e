/** A certificate authority for loopback, as the embedded API server has one. */
export interface Pki {
  caPem: string;
  server(): Promise<{ certPem: string; keyPem: string }>;
  client(commonName: string, organizations?: string[]): Promise<{ certPem: string; keyPem: string }>;
}
