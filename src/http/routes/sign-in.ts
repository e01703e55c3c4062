import type { Access } from '../access.js';
import { acceptedLanguage } from '../negotiation.js';
import { redirect, TOO_MANY_GUESSES, text } from '../responses.js';
import type { Route } from '../route.js';
import type { RequestFacts } from '../visitor.js';
import { readAsset, sendAsset } from './page.js';

/** The form that asks for the key, and what takes it. */
export function signIn(access: Pick<Access, 'signIn'>, visitors: RequestFacts): Route {
  const form = readAsset('login.html');
  return {
    path: '/login',
    methods: ['GET', 'HEAD', 'POST'],
    access: 'open',
    refusals: 'text',
    async handle(request, context) {
      const base = visitors.basePathOf(request);
      if (request.method !== 'POST') return sendAsset(form, base, request);
      const key = new URLSearchParams((await request.text()).slice(0, 4096)).get('key');
      const result = access.signIn(key, visitors.isSecure(request), base || '/', visitors.callerOf(context));
      if (result === 'too many') return tooMany(acceptedLanguage(request.headers.get('accept-language')));
      if (result === 'wrong') return redirect(`${base}/login?wrong`);
      return redirect(`${base}/`, { 'set-cookie': result.cookie });
    },
  };
}

const sentences = { en: TOO_MANY_GUESSES, zh: '错误的密钥太多，请等一分钟再试。' };

/** For the person who filled in the form, in the language of its page. */
function tooMany(language: keyof typeof sentences): Response {
  return text(429, sentences[language], { 'retry-after': '60', 'content-language': language });
}
