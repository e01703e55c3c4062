import { createMemoryProgressLog } from '../../src/stores/progress/memory-progress-log.js';
import { progressLogConformance } from './progress-log.js';

progressLogConformance('memory', async (setup) => createMemoryProgressLog(setup));
