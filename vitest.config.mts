import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

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
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                PDS_JWT_SECRET: 'test jwt secret, long enough',
                PDS_KEY_SECRET: 'test key secret, long enough',
                PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '11'.repeat(32),
                PDS_ADMIN_PASSWORD: 'test admin password',
                PDS_CRAWLERS: 'none',
                // Numbers that can be read.
                PDS_FIREHOSE_FIRST_SEQ: '1',
                PDS_REGISTRATION: 'open',
                PDS_DID_PLC_URL: 'http://127.0.0.1:9',
                PDS_BSKY_APP_VIEW_URL: 'none',
                PDS_CHAT_URL: 'none',
                PDS_DEV_MODE: 'true',
              },
            },
          }),
        ],
        // As `[alias]` in wrangler.toml says, which does not reach into packages here.
        resolve: {
          alias: Object.fromEntries(
            Object.entries({
              'node:module': 'node-module',
              ioredis: 'ioredis',
              '@atproto-labs/fetch-node': 'fetch-node',
              'disposable-email-domains-js': 'disposable-email-domains',
              '@atproto/lex-resolver': 'lex-resolver',
            }).map(([name, file]) => [
              name,
              fileURLToPath(new URL(`src/platform/${file}.ts`, import.meta.url)),
            ]),
          ),
        },
        test: {
          name: 'workerd',
          include: ['src/**/*.test.ts'],
          setupFiles: ['src/testing/setup.ts'],
          server: { deps: { inline: [/@atproto\/oauth-provider/] } },
          // A runtime of its own for each file, several at once: the first request may wait for its turn.
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
