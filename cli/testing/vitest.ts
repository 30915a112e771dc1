/** How a project tests what runs in its Worker: vitest inside workerd, on the project's own `wrangler.toml`. */
import { extname, join } from 'node:path'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { packageRoot } from '../../codegen/layout.ts'

/** What packages would bring along that the Worker has not got: `[alias]` in wrangler.toml does not reach into packages here. */
const STAND_INS: Readonly<Record<string, string>> = {
  'node:module': 'node-module',
  ioredis: 'ioredis',
  '@atproto-labs/fetch-node': 'fetch-node',
  'disposable-email-domains-js': 'disposable-email-domains',
  '@atproto/lex-resolver': 'lex-resolver',
}

/** Settings of a host that is tested: nothing of it reaches the network. */
const SETTINGS = {
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
}

export interface WorkerTests {
  /** Settings of the host beside those of every test, or in their place. */
  settings?: Readonly<Record<string, string>>
  /** Loaded before each file of tests. */
  setupFiles?: string[]
}

/**
 * A project for vitest's `projects`, or a whole configuration: the tests in `src/` run inside workerd, each file with a
 * host of its own.
 */
export const workerTests = ({ settings = {}, setupFiles = [] }: WorkerTests = {}) => ({
  plugins: [
    cloudflareTest({
      wrangler: { configPath: './wrangler.toml' },
      miniflare: { bindings: { ...SETTINGS, ...settings } },
    }),
  ],
  resolve: {
    alias: Object.fromEntries(
      Object.entries(STAND_INS).map(([name, file]) => [
        name,
        join(packageRoot, 'src', 'platform', `${file}${extname(import.meta.filename)}`),
      ]),
    ),
  },
  test: {
    name: 'workerd',
    include: ['src/**/*.test.ts'],
    setupFiles,
    server: { deps: { inline: [/@atproto\/oauth-provider/, /\/node_modules\/cumulus\//] } },
    // A runtime of its own for each file, several at once: the first request may wait for its turn.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
