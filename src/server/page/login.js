import { byId } from './dom.js';
import { say, translate } from './words.js';

translate();
byId('key').focus();
// What the address asked for survives the door.
/** @type {HTMLFormElement} */ (byId('door')).action += location.hash;
if (new URLSearchParams(location.search).has('wrong')) {
  byId('key-problem').textContent = say('wrongKey');
  byId('key').setAttribute('aria-invalid', 'true');
}
