import { Script } from '../../stores/redis/script.js';

/**
 * KEYS: lease, request to cancel. ARGV: token, lease in ms, the word of a generation that was handed over.
 *
 * Answers `taken` where another process owns it, else `handed over`, `cancelled` or `own`.
 */
export const claim = new Script(`
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[3] and owner ~= ARGV[1] then return 'taken' end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if redis.call('EXISTS', KEYS[2]) == 1 then return 'cancelled' end
return owner == ARGV[3] and 'handed over' or 'own'
`);

/**
 * Renews leases; one that ran out is taken again unless another process holds it.
 *
 * KEYS: lease and request to cancel of each. ARGV: token, lease in ms. Answers for each `taken`, `cancelled` or `own`.
 */
export const renew = new Script(`
local answers = {}
for i = 1, #KEYS, 2 do
  local owner = redis.call('GET', KEYS[i])
  if owner and owner ~= ARGV[1] then
    answers[#answers + 1] = 'taken'
  else
    redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2])
    answers[#answers + 1] = redis.call('EXISTS', KEYS[i + 1]) == 1 and 'cancelled' or 'own'
  end
end
return answers
`);

/** KEYS: lease. ARGV: token, what stands in its place ('' for nothing), for how many ms. Answers 1 where it was this process's. */
export const release = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
`);
