/**
 * What the users of Redis may do: the rules of `ACL SETUSER <name> on ><password> <rules>`. A script runs with the rights of its caller, so the
 * lists hold every command of the scripts that BullMQ and we use. The contract suite runs under them.
 */

const CONNECTION = ['auth', 'ping', 'select', 'client|setname', 'eval', 'evalsha'];

/** Taking, showing, ending and dropping jobs. */
const CONSUMER = {
  keys: ['del', 'exists', 'pexpire', 'pttl', 'rename'],
  strings: ['get', 'set', 'incr'],
  hashes: ['hdel', 'hexists', 'hget', 'hgetall', 'hincrby', 'hmget', 'hmset', 'hset'],
  lists: ['lindex', 'llen', 'lpush', 'lrange', 'lrem', 'ltrim', 'rpop', 'rpoplpush', 'rpush'],
  sets: ['sadd', 'scard', 'smembers', 'srem'],
  sortedSets: ['bzpopmin', 'zadd', 'zcard', 'zpopmin', 'zrange', 'zrangebyscore', 'zrem', 'zrevrange', 'zrevrangebyscore', 'zscore'],
  streams: ['xadd', 'xtrim'],
};

/** Giving wake-ups (`lpos`, `persist`), timers (`time`), and judging the server (`info`). */
const SERVICE = ['lpos', 'persist', 'time', 'info'];

const rules = (keys: string, commands: string[]): string =>
  ['resetkeys', `~${keys}`, 'resetchannels', '-@all', ...commands.map((command) => `+${command}`)].join(' ');

/** For dms-agent: the queues of the agents, nothing else. */
export function agentAclRules(prefix: string): string {
  return rules(`${prefix}:dms-*`, [...CONNECTION, ...Object.values(CONSUMER).flat()]);
}

/** For the controllers: all that is ours. */
export function serviceAclRules(prefix: string): string {
  return rules(`${prefix}:*`, [...CONNECTION, ...Object.values(CONSUMER).flat(), ...SERVICE]);
}
