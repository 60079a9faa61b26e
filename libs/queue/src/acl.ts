/**
 * What the users of Redis may do: the rules of `ACL SETUSER <name> on ><password> <rules>`. A script runs with the rights of its caller, so the
 * lists hold what BullMQ's scripts and ours call; the contract suite runs under them.
 */

const CONNECTION = ['ping', 'hello', 'auth', 'select', 'client|setname', 'eval', 'evalsha', 'multi', 'exec', 'time'];
const STRINGS = ['get', 'set', 'incr', 'del', 'exists', 'persist', 'pttl', 'pexpire'];
const HASHES = ['hget', 'hset', 'hmget', 'hmset', 'hgetall', 'hexists', 'hincrby', 'hdel'];
const LISTS = ['llen', 'lrange', 'lindex', 'lpos', 'lpush', 'rpush', 'lrem', 'ltrim', 'rpop', 'rpoplpush', 'rename'];
const SETS = ['sadd', 'srem', 'scard', 'smembers'];
const SORTED_SETS = ['zadd', 'zrem', 'zcard', 'zscore', 'zrange', 'zrangebyscore', 'zrevrange', 'zrevrangebyscore', 'zpopmin', 'bzpopmin'];
const STREAMS = ['xadd', 'xtrim'];
const DATA = [...STRINGS, ...HASHES, ...LISTS, ...SETS, ...SORTED_SETS, ...STREAMS];

const rules = (keys: string[], commands: string[]): string =>
  ['resetkeys', ...keys.map((key) => `~${key}`), 'resetchannels', '-@all', ...commands.map((command) => `+${command}`)].join(' ');

/** For dms-agent: the queues of the agents, nothing else. */
export function agentAclRules(prefix: string): string {
  return rules([`${prefix}:dms-*`], [...CONNECTION, ...DATA]);
}

/** For the controllers: all that is ours. `INFO` tells them whether this Redis is fit and whether it was restarted. */
export function serviceAclRules(prefix: string): string {
  return rules([`${prefix}:*`], [...CONNECTION, 'info', ...DATA]);
}
