import { join } from 'node:path';
import { Config } from './config.js';

/** Fields that bend the noise levels in another way than the shift does, or draw anew at each step. A field left out is off. */
const OTHER_SCHEDULES = [
  'use_dynamic_shifting',
  'use_karras_sigmas',
  'use_exponential_sigmas',
  'use_beta_sigmas',
  'invert_sigmas',
  'stochastic_sampling',
] as const;

/** The noise schedule's configuration (FlowMatchEulerDiscreteScheduler). @throws CheckpointError */
export function readSchedulerConfig(folder: string): { shift: number; numTrainTimesteps: number } {
  const config = Config.read(join(folder, 'scheduler_config.json'));
  config.class('FlowMatchEulerDiscreteScheduler');
  for (const field of OTHER_SCHEDULES) config.known(field, false);
  config.known('shift_terminal', null);
  return { shift: config.positive('shift'), numTrainTimesteps: config.known('num_train_timesteps', 1000) };
}
