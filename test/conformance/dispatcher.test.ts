import { createInProcessDispatcher } from '../../src/jobs/in-process.js';
import { dispatcherConformance } from './dispatcher.js';

dispatcherConformance('the in-process queue', async (setup) => createInProcessDispatcher({ ...setup, now: Date.now }));
