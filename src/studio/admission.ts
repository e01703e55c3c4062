import { type Dispatcher, QueueIsFull } from '../jobs/dispatcher.js';
import { QueueFull } from './problems.js';

/** Whether so many jobs more would be taken now. @throws QueueFull */
export function admit(dispatcher: Pick<Dispatcher<unknown, unknown>, 'admit'>, jobs: number): void {
  try {
    dispatcher.admit(jobs);
  } catch (error) {
    throw error instanceof QueueIsFull ? new QueueFull(error.message, error.retryAfterMs) : error;
  }
}
