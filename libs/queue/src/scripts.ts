/** The Lua of the work queue. Times are Redis' own (architecture §2.3), in milliseconds. */
import { script } from './script.ts';

const NOW = `local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)`;

/**
 * Notes resourceVersions (the greatest of a key is kept: decimal numbers, compared without losing digits) and timers (the earliest of a key is kept).
 * KEYS versions timers; ARGV number of versions, key version …, key milliseconds …
 */
export const note = script(`${NOW}
local versions = tonumber(ARGV[1])
for i = 2, 2 * versions, 2 do
  local new, old = ARGV[i + 1], redis.call('HGET', KEYS[1], ARGV[i])
  if not old or #new > #old or (#new == #old and new > old) then redis.call('HSET', KEYS[1], ARGV[i], new) end
end
for i = 2 + 2 * versions, #ARGV, 2 do
  redis.call('ZADD', KEYS[2], 'LT', now + tonumber(ARGV[i + 1]), ARGV[i])
end`);

/**
 * Looks at the epoch and takes timers that are due: each is put off by the claim time, so that another replica takes it up should this one die.
 * The half millisecond tells a claim from a timer that somebody set.
 * KEYS epoch timers; ARGV new epoch, claim time, most timers. Answers epoch, ms until the next timer (or -1), score of the claims, keys that are due …
 */
export const tick = script(`${NOW}
local epoch = redis.call('GET', KEYS[1])
if not epoch then epoch = ARGV[1] redis.call('SET', KEYS[1], epoch) end
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, tonumber(ARGV[3]))
local claim = now + tonumber(ARGV[2]) + 0.5
for _, key in ipairs(due) do redis.call('ZADD', KEYS[2], claim, key) end
local first, next = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES'), -1
if first[2] then next = math.max(0, tonumber(first[2]) - now) end
return {epoch, next, tostring(claim), unpack(due)}`);

/** Removes claimed timers whose keys have been queued, unless an earlier timer was set since. KEYS timers; ARGV score of the claims, key … */
export const release = script(`
for i = 2, #ARGV do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if score and tonumber(score) == tonumber(ARGV[1]) then redis.call('ZREM', KEYS[1], ARGV[i]) end
end`);

/**
 * A key is about to be worked: takes its timer away, so that one that is set meanwhile does not merge into it. Should the worker die, the key runs again.
 * KEYS versions timers; ARGV key. Answers resourceVersion, score of the timer or '' (a claimed one is due: this is its work)
 */
export const begin = script(`
local score = redis.call('ZSCORE', KEYS[2], ARGV[1])
if score then redis.call('ZREM', KEYS[2], ARGV[1]) end
if not score or tonumber(score) % 1 ~= 0 then score = '' end
return {redis.call('HGET', KEYS[1], ARGV[1]), score}`);

/**
 * A key was worked: forgets the resourceVersion that it was worked with (a later one stays), and its failures; sets its timer, the one that stood before
 * the work where that is earlier. Where nothing is left to look at, the one that stood before is over too; one that was set meanwhile stays.
 * KEYS versions timers failures; ARGV key, version or '', ms until the next look or '', score of its timer at the beginning or ''
 */
export const done = script(`${NOW}
if ARGV[2] ~= '' and redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
redis.call('HDEL', KEYS[3], ARGV[1])
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[2], 'LT', now + tonumber(ARGV[3]), ARGV[1])
  if ARGV[4] ~= '' then redis.call('ZADD', KEYS[2], 'LT', ARGV[4], ARGV[1]) end
end`);

/** A key failed: counts that, and puts its timer back. KEYS timers failures; ARGV key, score of its timer at the beginning or ''. Answers failures in a row */
export const failed = script(`
if ARGV[2] ~= '' then redis.call('ZADD', KEYS[1], 'LT', ARGV[2], ARGV[1]) end
return redis.call('HINCRBY', KEYS[2], ARGV[1], 1)`);

/** How late the most overdue timer is, in ms. KEYS timers */
export const overdue = script(`${NOW}
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return first[2] and math.max(0, now - tonumber(first[2])) or 0`);
