// `npm start`: packages and build, then the program in this same process, so that signals reach it.
import { prepare } from './prepare.mjs';

prepare();
await import('../../dist/src/cli.js');
