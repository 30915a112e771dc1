/** How a project tests what runs in its Worker: vitest inside workerd, on the project's own `wrangler.toml`. */
import { builtinModules } from 'node:module'
import { extname, join } from 'node:path'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { packageRoot } from '../../codegen/layout.ts'

/** As `[alias]` in wrangler.toml says, which does not reach into packages here. */
const STAND_INS: Readonly<Record<string, string>> = {
  'node:module': 'node-module',
  express: 'express',
  'mime-types': 'mime-types',
  'rate-limiter-flexible': 'rate-limiter-flexible',
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
  LOG_LEVEL: 'error',
}

export interface WorkerTests {
  /** Settings of the host beside those of every test, or in their place. */
  settings?: Readonly<Record<string, string>>
  /** Loaded before each file of tests. */
  setupFiles?: string[]
  /** Packages to bundle once, as each file starts a runtime that fetches every module by itself. */
  packages?: string[]
}

/**
 * A project for vitest's `projects`, or a whole configuration: the tests in `src/` run inside workerd, each file with a
 * host of its own.
 */
export const workerTests = ({
  settings = {},
  setupFiles = [],
  packages = [],
}: WorkerTests = {}) => ({
  plugins: [
    cloudflareTest({
      wrangler: { configPath: './wrangler.toml' },
      // Of the runtime: it is not written out in the entry.
      additionalExports: { Hooks: 'WorkerEntrypoint', Jobs: 'WorkerEntrypoint' },
      miniflare: { bindings: { ...SETTINGS, ...settings } },
    }),
  ],
  // The bundled packages: a copy of the project, with the same node_modules, has its own.
  cacheDir: '.vite',
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
    deps: { optimizer: { ssr: bundled(packages) } },
    // A runtime of its own for each file, several at once: the first request may wait for its turn.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})

const bundled = (include: string[]) => ({
  enabled: include.length > 0,
  include,
  rolldownOptions: {
    external: [
      // It has a stand-in.
      /^node:(?!module$)/,
      ...builtinModules,
      /^cloudflare:/,
      // The server imports some stand-ins, too: their classes must be the same.
      /\/src\/platform\//,
    ],
  },
})
