import { Script } from '../../../stores/redis/script.js';

/**
 * What the scripts have in common. Beside BullMQ's own keys, which say what is delivered to whom, there are:
 *
 * `live` fingerprint → run · `run:ID` what one run is · `events:ID` what it has told · `waiters:ID` waiter → process · `turns` runs that wait,
 * by priority · `mates:KEY` those of them that can share a model call · `running` · `requests`, `callers` how many runs of each wait · `totals` their cost, and the pace · `fair` virtual time
 * (see Turns) · `joined:WAITER` its runs · `process:ID` its waiters · `processes`, `slots` by the end of their leases · `busy` slots.
 */
const prelude = `
local P = KEYS[1]
local call = redis.call
local function k(...) return P .. table.concat({ ... }, ':') end
local function now()
  local time = call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function changed() call('PUBLISH', k('changed'), '') end

local function wait(id, priority)
  local run = call('HMGET', k('run', id), 'request', 'caller', 'cost', 'batchKey')
  call('ZADD', k('turns'), priority, id)
  if run[4] ~= '' then call('ZADD', k('mates', run[4]), priority, id) end
  call('HINCRBY', k('requests'), run[1], 1)
  call('HINCRBY', k('callers'), run[2], 1)
  call('HINCRBYFLOAT', k('totals'), 'cost', run[3])
end

local function waitNoMore(id)
  if call('ZREM', k('turns'), id) == 0 then return end
  local run = call('HMGET', k('run', id), 'request', 'caller', 'cost', 'batchKey')
  if run[4] ~= '' then call('ZREM', k('mates', run[4]), id) end
  if call('HINCRBY', k('requests'), run[1], -1) <= 0 then call('HDEL', k('requests'), run[1]) end
  if call('HINCRBY', k('callers'), run[2], -1) <= 0 then call('HDEL', k('callers'), run[2]) end
  call('HINCRBYFLOAT', k('totals'), 'cost', '-' .. run[3])
end

local function resetWhenEmpty()
  if call('ZCARD', k('turns')) + call('SCARD', k('running')) > 0 then return end
  call('DEL', k('fair'))
  call('HDEL', k('totals'), 'cost')
end

-- The run is over, or no waiter is left.
local function forget(id)
  local fingerprint = call('HGET', k('run', id), 'fingerprint')
  if fingerprint and call('HGET', k('live'), fingerprint) == id then call('HDEL', k('live'), fingerprint) end
  for _, waiter in ipairs(call('HKEYS', k('waiters', id))) do call('SREM', k('joined', waiter), id) end
  waitNoMore(id)
  call('SREM', k('running'), id)
  call('DEL', k('run', id), k('waiters', id))
  resetWhenEmpty()
end

-- Answers the runs that have no other waiter. Those that run are told to stop.
local function leave(waiter, process)
  local dropped = {}
  for _, id in ipairs(call('SMEMBERS', k('joined', waiter))) do
    if call('HGET', k('waiters', id), waiter) == process then
      call('HDEL', k('waiters', id), waiter)
      call('SREM', k('joined', waiter), id)
      if call('HLEN', k('waiters', id)) == 0 then
        if call('ZSCORE', k('turns'), id) then dropped[#dropped + 1] = id else call('PUBLISH', k('stop'), id) end
        forget(id)
        call('DEL', k('events', id))
      end
    end
  end
  call('SREM', k('process', process), waiter)
  return dropped
end
`;

/** What only reads. */
export const query = (lua: string): Script => new Script(prelude + lua);

/** What writes: where Redis has no memory left, it does so before anything is changed. */
export const script = (lua: string): Script =>
  new Script(`${prelude}call('HINCRBY', k('totals'), 'scripts', 1)\n${lua}`);
