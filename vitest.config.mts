import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { workerTests } from './cli/testing/vitest.ts'

/** Tests of the tools and of the whole server run on Node; tests of the server's parts in workerd. */
export default defineConfig({
  test: {
    // More than there are cores on a small machine: half of the time, tests wait for servers, alarms and browsers.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    projects: [
      {
        test: {
          name: 'node',
          include: ['codegen/**/*.test.ts', 'cli/**/*.test.ts', 'test/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      workerTests({ setupFiles: ['src/testing/setup.ts'] }),
    ],
  },
})
