/** `npm run docs`: writes docs/configuration.md, which a test compares with the code. */
import { writeFileSync } from 'node:fs';
import { configurationPage } from './configuration.js';

writeFileSync(new URL('../../docs/configuration.md', import.meta.url), configurationPage());
