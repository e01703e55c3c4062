import { script } from './prelude.js';

/**
 * Begins a run that BullMQ has delivered, and with it those that wait and can share its model call. These are moved to BullMQ's active jobs
 * as its own `moveToActive` does it, which takes only the first that waits.
 *
 * ARGV: run, token of the lock, slot, images of different requests that share a model call, prefix of BullMQ's keys, lock in ms,
 * milliseconds since the epoch. Answers JSON: id, start count and age in ms of each run that is begun; none where no waiter is left.
 */
export const take = script(`
local head, token, slot, batch, bull, lock, at = unpack(ARGV)
if call('EXISTS', k('run', head)) == 0 then return '[]' end
local taken = {}
local function begin(id)
  waitNoMore(id)
  local run = call('HMGET', k('run', id), 'start', 'added')
  call('SADD', k('running'), id)
  call('HSET', k('run', id), 'token', token, 'begun', now(), 'told', 0)
  local starts = call('HINCRBY', k('run', id), 'starts', 1)
  local virtual = tonumber(call('HGET', k('fair'), 'now') or '0')
  call('HSET', k('fair'), 'now', tostring(math.max(virtual, tonumber(run[1]))))
  taken[#taken + 1] = { id = id, starts = starts, ageMs = now() - tonumber(run[2]) }
end
begin(head)

local run = call('HMGET', k('run', head), 'batchKey', 'request')
local own, others = {}, {}
if run[1] ~= '' then
  for _, id in ipairs(call('ZRANGE', k('mates', run[1]), 0, 99)) do
    table.insert(call('HGET', k('run', id), 'request') == run[2] and own or others, id)
  end
end
local most = tonumber(batch) - 1 - #own
for i = 1, math.min(#others, most) do own[#own + 1] = others[i] end
for _, id in ipairs(own) do
  if call('ZREM', bull .. 'prioritized', id) == 1 then
    call('LPUSH', bull .. 'active', id)
    call('SET', bull .. id .. ':lock', token, 'PX', lock)
    call('HSET', bull .. id, 'processedOn', at)
    call('HINCRBY', bull .. id, 'ats', 1)
    begin(id)
  end
end
call('HSET', k('busy'), slot, 1)
changed()
return cjson.encode(taken)
`);

/**
 * Tells one event of a run. Only the latest preview is stored.
 *
 * ARGV: run, token, number of the event among those told under this token, event, preview ('' for none), '1' for the last, milliseconds
 * that the events of a finished run are kept. Answers `told`, or `stopped` where another has begun the run since or no waiter is left.
 */
export const tell = script(`
local id, token, number, event, preview, isLast, kept = unpack(ARGV)
local run = call('HMGET', k('run', id), 'token', 'told')
if run[1] ~= token then return 'stopped' end
if tonumber(number) <= tonumber(run[2]) then return 'told' end
local n = call('XLEN', k('events', id)) + 1
call('XADD', k('events', id), '0-' .. n, 'event', event)
call('HSET', k('run', id), 'told', number)
if preview ~= '' then call('HSET', k('run', id), 'preview', preview, 'previewOf', n) end
call('PUBLISH', k('run', id), cjson.encode({ n = n, event = event, preview = preview }))
if isLast == '1' then
  forget(id)
  call('PEXPIRE', k('events', id), kept)
  changed()
end
return 'told'
`);

/** Puts a run back before all that wait. ARGV: run, token. Answers 1 where it was this worker's. */
export const giveBack = script(`
local id, token = unpack(ARGV)
if call('HGET', k('run', id), 'token') ~= token then return 0 end
call('HDEL', k('run', id), 'token')
call('SREM', k('running'), id)
wait(id, 0)
changed()
return 1
`);

/**
 * Renews the locks of runs, also those that ran out, where no other worker has begun the run since. ARGV: token, prefix of BullMQ's keys, lock
 * in ms, runs. Answers the runs that are lost.
 */
export const renewLocks = script(`
local token, bull, lock = unpack(ARGV)
local lost = {}
for i = 4, #ARGV do
  local id = ARGV[i]
  if call('HGET', k('run', id), 'token') == token then
    call('SET', bull .. id .. ':lock', token, 'PX', lock)
    call('SREM', bull .. 'stalled', id)
  else
    lost[#lost + 1] = id
  end
end
return lost
`);

/** The slot is free again. ARGV: slot, cost of what it made ('' where it failed), in how many ms. */
export const done = script(`
local slot, cost, ms = unpack(ARGV)
call('HDEL', k('busy'), slot)
if cost ~= '' then
  local latest = tonumber(ms) / math.max(1, tonumber(cost))
  local pace = call('HGET', k('totals'), 'pace')
  call('HSET', k('totals'), 'pace', tostring(pace and tonumber(pace) * 0.8 + latest * 0.2 or latest))
end
`);

/** ARGV: end of the leases from now in ms ('' when they end), slots. */
export const renewSlots = script(`
for i = 2, #ARGV do
  if ARGV[1] == '' then
    call('ZREM', k('slots'), ARGV[i])
    call('HDEL', k('busy'), ARGV[i])
  else
    call('ZADD', k('slots'), now() + tonumber(ARGV[1]), ARGV[i])
  end
end
`);
