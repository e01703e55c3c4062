import { leaveAtTheDoor } from './address.js';
import { byId } from './dom.js';
import { say, translate } from './words.js';

translate();
byId('key').focus();
if (location.hash !== '') leaveAtTheDoor(location.hash);
if (new URLSearchParams(location.search).has('wrong')) {
  byId('key-problem').textContent = say('wrongKey');
  byId('key').setAttribute('aria-invalid', 'true');
}
