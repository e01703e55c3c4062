import { query, script } from './prelude.js';

/**
 * ARGV: waiter, process, lease of the process in ms, most requests that may wait, '1' to take what comes however many wait, '1' to only ask
 * whether there is a place, jobs as JSON.
 *
 * Answers JSON: `runs`, for each job its run's id, whether that is new, and its priority; or `full`, by which the time is told after which to try again.
 */
export const join = script(`
local waiter, process, lease, limit, force, ask = unpack(ARGV)
local jobs = cjson.decode(ARGV[7])
local first
for _, job in ipairs(jobs) do
  if not first and not call('HGET', k('live'), job.fingerprint) then first = job end
end

if first and force ~= '1' then
  for _, slot in ipairs(call('ZRANGEBYSCORE', k('slots'), '-inf', now())) do
    call('ZREM', k('slots'), slot)
    call('HDEL', k('busy'), slot)
  end
  local slots = call('ZCARD', k('slots'))
  local waiting = call('HLEN', k('requests'))
  local more = math.max(0, waiting + 1 - (slots - call('HLEN', k('busy'))))
  local isNew = call('HEXISTS', k('callers'), first.caller) == 0
  limit = tonumber(limit)
  if more > limit and not (isNew and more <= 2 * limit) then
    local running = {}
    for _, id in ipairs(call('SMEMBERS', k('running'))) do
      local run = call('HMGET', k('run', id), 'cost', 'begun')
      if run[1] and run[2] then running[#running + 1] = { cost = tonumber(run[1]), ms = now() - tonumber(run[2]) } end
    end
    local totals = call('HMGET', k('totals'), 'cost', 'pace')
    return cjson.encode({ full = { waiting = waiting, slots = slots, cost = totals[1] or '0', pace = totals[2] or '', running = running } })
  end
end
if ask == '1' then return '{"runs":[]}' end

call('ZADD', k('processes'), now() + tonumber(lease), process)
call('SADD', k('process', process), waiter)
local runs = {}
for i, job in ipairs(jobs) do
  local id = call('HGET', k('live'), job.fingerprint)
  local isNew = not id
  if isNew then
    id = string.format('run-%015d', call('HINCRBY', k('totals'), 'runs', 1))
    local virtual = tonumber(call('HGET', k('fair'), 'now') or '0')
    local start = math.max(virtual, tonumber(call('HGET', k('fair'), 'end:' .. job.caller) or '0'))
    call('HSET', k('fair'), 'end:' .. job.caller, tostring(start + job.units))
    call('HSET', k('live'), job.fingerprint, id)
    call('HSET', k('run', id), 'fingerprint', job.fingerprint, 'request', job.request, 'caller', job.caller, 'model', job.model,
      'batchKey', job.batchKey, 'cost', tostring(job.cost), 'start', tostring(start), 'added', now())
    wait(id, math.min(2097151, math.floor(start) + 1))
  end
  call('HSET', k('waiters', id), waiter, process)
  call('SADD', k('joined', waiter), id)
  runs[i] = { id = id, isNew = isNew, priority = tonumber(call('ZSCORE', k('turns'), id) or '1') }
end
if first then changed() end
return cjson.encode({ runs = runs, virtual = tonumber(call('HGET', k('fair'), 'now') or '0') })
`);

/** ARGV: waiter, process. Answers the runs that are not to be delivered any more. */
export const leave = script(`
local dropped = leave(ARGV[1], ARGV[2])
changed()
return dropped
`);

/**
 * ARGV: process, its lease in ms. Answers the runs of ended processes that are not to be delivered any more. A process has ended when its
 * lease ran out one lease ago: after an outage of Redis all leases have run out, and each process renews its own first.
 */
export const renew = script(`
local process, lease = unpack(ARGV)
call('ZADD', k('processes'), now() + tonumber(lease), process)
local dropped = {}
for _, dead in ipairs(call('ZRANGEBYSCORE', k('processes'), '-inf', now() - tonumber(lease))) do
  for _, waiter in ipairs(call('SMEMBERS', k('process', dead))) do
    for _, id in ipairs(leave(waiter, dead)) do dropped[#dropped + 1] = id end
  end
  call('DEL', k('process', dead))
  call('ZREM', k('processes'), dead)
end
if #dropped > 0 then changed() end
return dropped
`);

/**
 * ARGV: runs. Answers for each how many requests wait before its own; -1 where it does not wait. Behind the first 256 runs it answers how many
 * other requests wait, so that a long queue costs no more.
 */
export const positions = query(`
local places, wanted = {}, #ARGV
for i, id in ipairs(ARGV) do
  places[id] = call('ZSCORE', k('turns'), id) and call('HLEN', k('requests')) - 1 or -1
  if places[id] < 0 then wanted = wanted - 1 end
end
local seen, before = {}, 0
for _, id in ipairs(call('ZRANGE', k('turns'), 0, 255)) do
  local request = call('HGET', k('run', id), 'request')
  if not seen[request] then
    seen[request] = before
    before = before + 1
  end
  if places[id] and places[id] >= 0 then
    places[id] = seen[request]
    wanted = wanted - 1
    if wanted == 0 then break end
  end
end
local answer = {}
for i, id in ipairs(ARGV) do answer[i] = places[id] end
return answer
`);

/**
 * Moves the line of virtual time back to its beginning: priorities have an end. ARGV: from which virtual time on that is worth it.
 *
 * Answers runs and their new priorities, in turn.
 */
export const rewind = script(`
local back = math.floor(tonumber(call('HGET', k('fair'), 'now') or '0'))
if back < tonumber(ARGV[1]) then return {} end
local fields = call('HGETALL', k('fair'))
for i = 1, #fields, 2 do call('HSET', k('fair'), fields[i], tostring(math.max(0, tonumber(fields[i + 1]) - back))) end
local moved = {}
local turns = call('ZRANGE', k('turns'), 0, -1)
for _, id in ipairs(turns) do
  local start = math.max(0, tonumber(call('HGET', k('run', id), 'start')) - back)
  local priority = math.min(2097151, math.floor(start) + 1)
  call('HSET', k('run', id), 'start', tostring(start))
  call('ZADD', k('turns'), priority, id)
  local batchKey = call('HGET', k('run', id), 'batchKey')
  if batchKey ~= '' then call('ZADD', k('mates', batchKey), priority, id) end
  moved[#moved + 1] = id
  moved[#moved + 1] = tostring(priority)
end
return moved
`);

/** Answers JSON: waiting and running jobs by model, and for how long the oldest has waited, in ms. */
export const census = query(`
local models, oldest = {}, now()
local function count(id, state)
  local run = call('HMGET', k('run', id), 'model', 'added')
  if not run[1] then return end
  local model = models[run[1]] or { waiting = 0, running = 0 }
  model[state] = model[state] + 1
  models[run[1]] = model
  if state == 'waiting' then oldest = math.min(oldest, tonumber(run[2])) end
end
for _, id in ipairs(call('ZRANGE', k('turns'), 0, -1)) do count(id, 'waiting') end
for _, id in ipairs(call('SMEMBERS', k('running'))) do count(id, 'running') end
return cjson.encode({ models = models, oldestMs = now() - oldest })
`);
