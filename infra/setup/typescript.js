// Preloaded (`node --import`), it runs TypeScript as it is, in this process and in the threads and processes that it starts: they inherit
// its arguments. tsx's own preload does not reach threads on Node 20.
import { register } from 'tsx/esm/api';

register();
