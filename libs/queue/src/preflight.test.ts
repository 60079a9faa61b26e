import { describe, expect, test } from '@jest/globals';
import { explain, parseInfo, unfitness } from './preflight.ts';

describe('a server is fit', () => {
  test.each([
    ['6.2.0 with noeviction', { redis_version: '6.2.0', maxmemory_policy: 'noeviction', role: 'master' }],
    ['7.0.15 that does not tell its policy', { redis_version: '7.0.15' }],
    ['10.0', { redis_version: '10.0.1', maxmemory_policy: 'noeviction' }],
  ])('%s', (_, info) => expect(unfitness(info)).toBeUndefined());
});

describe('a server is unfit, and it is said what to do', () => {
  test.each([
    [{ redis_version: '6.0.16' }, /version 6\.0\.16, at least 6\.2 is needed: upgrade/],
    [{ redis_version: '5.0.14' }, /at least 6\.2/],
    [{}, /version 0/],
    [{ redis_version: '7.0.0', maxmemory_policy: 'allkeys-lru' }, /maxmemory-policy is allkeys-lru\): set maxmemory-policy to noeviction/],
    [{ redis_version: '7.0.0', maxmemory_policy: 'noeviction', role: 'slave' }, /replica: point REDIS_URL at the primary/],
  ])('%j', (info, sentence) => expect(unfitness(info)).toMatch(sentence));
});

test('INFO is read field by field, headings and empty lines are not', () => {
  expect(parseInfo('# Server\r\nredis_version:7.0.15\r\n\r\nos:Linux 6.1: x\r\n')).toEqual({ redis_version: '7.0.15', os: 'Linux 6.1: x' });
});

describe('an error is explained: what happened, where, what to do, and whether waiting helps', () => {
  const error = (message: string, code?: string) => Object.assign(new Error(message), code === undefined ? {} : { code });
  test.each([
    [error('connect ECONNREFUSED 10.0.0.1:6379', 'ECONNREFUSED'), false, /redis:6379 does not answer \(ECONNREFUSED\): trying again/],
    [error('getaddrinfo ENOTFOUND redis', 'ENOTFOUND'), false, /does not answer \(ENOTFOUND\)/],
    [error('WRONGPASS invalid username-password pair or user is disabled.'), true, /refuses the user or password of REDIS_URL/],
    [error('NOAUTH Authentication required.'), true, /refuses the user or password/],
    [error("NOPERM this user has no permissions to run the 'info' command"), true, /lacks a permission .*ACL rules/],
    [error('self-signed certificate in certificate chain', 'SELF_SIGNED_CERT_IN_CHAIN'), true, /not trusted .*REDIS_CA_FILE/],
    [error("Hostname/IP does not match certificate's altnames", 'ERR_TLS_CERT_ALTNAME_INVALID'), true, /not trusted/],
    [error('write EPROTO wrong version number', 'EPROTO'), true, /does not speak TLS/],
  ])('%s', (thrown, lasting, sentence) => {
    const explained = explain(thrown, 'redis:6379');
    expect(explained.sentence).toMatch(sentence);
    expect(explained.lasting).toBe(lasting);
  });
});
