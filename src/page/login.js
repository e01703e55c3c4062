import { saveReturnHash } from './address.js';
import { byId } from './dom.js';
import { t, translate } from './words.js';

translate();
byId('key').focus();
if (location.hash !== '') saveReturnHash(location.hash);
if (new URLSearchParams(location.search).has('wrong')) {
  byId('key-problem').textContent = t('wrongKey');
  byId('key').setAttribute('aria-invalid', 'true');
}
