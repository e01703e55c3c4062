import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { testFiles } from './kinds.js';

const { fast, engine } = testFiles();

export default defineConfig({
  // Vite would take the package's ES modules where Node takes CommonJS, and two copies of graphql do not know each other's types.
  resolve: { alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }] },
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // For the threads and processes that the sources start.
    execArgv: ['--import', new URL('../infra/setup/typescript.js', import.meta.url).href],
    projects: [
      {
        extends: true,
        // They share their modules too: most of their time went into importing the same again.
        test: {
          name: 'fast',
          include: fast,
          isolate: false,
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        // Much of their time they wait for a process to start; more than two at a time would only take the cores from each other.
        test: { name: 'engine', include: engine, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
