import { wantsPage } from '../negotiation.js';
import { redirect, refusal, TOO_MANY_GUESSES } from '../responses.js';
import type { Middleware } from '../route.js';
import type { RequestFacts } from '../visitor.js';

const SENTENCE = 'This server asks for an access key: send it as `Authorization: Bearer …`.';

/** Routes that ask for the key answer only those who may come in. */
export function requireKey(visitors: RequestFacts): Middleware {
  return (next) => (request, context) => {
    const { route } = context;
    if (route?.access !== 'key' || request.method === 'OPTIONS') return next(request, context);
    const verdict = visitors.enter(request, context);
    if (verdict === 'in') return next(request, context);
    if (route.signsIn && request.method === 'GET' && wantsPage(request.headers))
      return redirect(`${visitors.basePathOf(request)}/login`);
    return verdict === 'too many'
      ? refusal(
          route.refusals,
          { status: 429, code: 'TOO_MANY_ATTEMPTS', sentence: TOO_MANY_GUESSES },
          { 'retry-after': '60' },
        )
      : refusal(
          route.refusals,
          { status: 401, code: 'UNAUTHENTICATED', sentence: SENTENCE },
          { 'www-authenticate': 'Bearer' },
        );
  };
}
