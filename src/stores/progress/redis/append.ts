import { Script } from '../../redis/script.js';

/**
 * Appends one event to the log of its generation, lets go what is too much, and tells the readers.
 *
 * KEYS: events, previews (streams whose ids are `0-<sequence>`), the log's record (hash), finished logs (sorted set), counters (hash).
 * ARGV: sequence, event, preview ('' for none), first state, state, whether it is the last ('1'), bytes of the event, bytes of a new log,
 * most bytes of one log, most bytes of all finished logs, milliseconds that it is kept, channel, prefix of keys, id.
 *
 * Answers `new`, `known` (the same event was sent before) or `stale` (another writer has gone on).
 */
export const append = new Script(`
local events, previews, record, finished, counters = unpack(KEYS)
local sequence, event, preview, first, state, isLast = unpack(ARGV, 1, 6)
local bytes, base, maxBytes, keptBytes = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local keptMs, channel, prefix, id = ARGV[11], ARGV[12], ARGV[13], ARGV[14]

local last = redis.call('HGET', record, 'last')
if last and tonumber(sequence) <= tonumber(last) then
  local same = redis.call('XRANGE', events, '0-' .. sequence, '0-' .. sequence)
  if same[1] and same[1][2][2] == event then return 'known' end
  return 'stale'
end
if redis.call('HGET', record, 'ended') then return 'stale' end

if not last then redis.call('HSET', record, 'first', first, 'bytes', base) end
local before = last or '0'
redis.call('XADD', events, 'MAXLEN', '~', 10000, '0-' .. sequence, 'event', event, 'before', before)
redis.call('HSET', record, 'last', sequence, 'state', state)
local size = redis.call('HINCRBY', record, 'bytes', bytes + #preview)
if preview ~= '' then redis.call('XADD', previews, '0-' .. sequence, 'data', preview) end
while size > maxBytes and redis.call('XLEN', previews) > 1 do
  local oldest = redis.call('XRANGE', previews, '-', '+', 'COUNT', 1)[1]
  redis.call('XDEL', previews, oldest[1])
  size = redis.call('HINCRBY', record, 'bytes', -#oldest[2][2])
end
for _, key in ipairs({ events, previews, record }) do redis.call('PEXPIRE', key, keptMs) end

if isLast == '1' then
  redis.call('HSET', record, 'ended', 1)
  redis.call('ZADD', finished, redis.call('HINCRBY', counters, 'finished', 1), id)
  redis.call('HSET', counters, 'size:' .. id, size)
  local all = redis.call('HINCRBY', counters, 'bytes', size)
  while all > keptBytes do
    local oldest = redis.call('ZPOPMIN', finished)[1]
    if not oldest then break end
    all = redis.call('HINCRBY', counters, 'bytes', -(redis.call('HGET', counters, 'size:' .. oldest) or 0))
    redis.call('HDEL', counters, 'size:' .. oldest)
    for _, kind in ipairs({ 'events:', 'previews:', 'record:' }) do redis.call('DEL', prefix .. kind .. oldest) end
  end
end
redis.call('PUBLISH', channel, cjson.encode({ event = event, before = before, preview = preview, state = state }))
return 'new'
`);
