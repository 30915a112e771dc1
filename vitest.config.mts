import { globSync, readFileSync, statfsSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { workerTests } from './cli/testing/vitest.ts'

/**
 * Packages that the server imports. For its tests they are bundled once, as each file starts a runtime that fetches every
 * module by itself. One that is missing here still works, and is slower.
 */
const PACKAGES = [
  '@atproto-labs/fetch',
  '@atproto/common-web',
  '@atproto/crypto',
  '@atproto/jwk-jose',
  '@atproto/lex-cbor',
  '@atproto/lex-data',
  '@atproto/lexicon',
  '@atproto/oauth-provider/constants',
  '@atproto/oauth-provider/errors',
  '@atproto/oauth-provider/hooks',
  '@atproto/oauth-provider/middleware',
  '@atproto/oauth-provider/provider',
  '@atproto/oauth-provider/store',
  '@atproto/oauth-provider/verifier',
  '@atproto/oauth-scopes',
  '@atproto/repo',
  '@atproto/syntax',
  '@atproto/xrpc-server',
  '@hapi/address',
  '@noble/curves/nist',
  '@noble/curves/secp256k1',
  '@simplewebauthn/server',
  'aws4fetch',
  'client-zip',
  'fast-check',
  'file-type',
  'hono',
  'hono/cors',
  'hono/html',
  'hono/utils/accept',
  'hono/utils/html',
  'hono/utils/mime',
  'ipaddr.js',
  'jose',
  'multiformats',
  'multiformats/bases/base32',
  'multiformats/bases/base58',
  'multiformats/bases/base64',
  'multiformats/cid',
  'nodemailer/lib/mail-composer',
  'nodemailer/lib/smtp-connection',
  'otpauth',
  'qrcode',
]

/**
 * Files that only `npm run test:long` runs (CUMULUS_LONG=1): they follow pages of docs/ to the letter, or a browser and a dev
 * server through them, which takes two minutes more than there are. What they show of the product, shorter tests show too.
 */
const LONG = [
  'docs-moving',
  'docs-operating',
  'docs-pages',
  'docs-setup',
  'tutorial',
  'client',
  'dev',
].map((name) => `test/e2e/${name}.test.ts`)

/** For every file: how long is waited, and bytes that are compared fast. */
const SETUP = ['src/testing/waits.ts', 'src/testing/bytes.ts']

/**
 * How long, in ms, tests wait for what has to happen (as in `waits.ts`), and what takes longer is taken to hang: several times what
 * the longest take beside others on two cores. Those that work longer by their nature say so.
 */
const LIMITS = { expect: { poll: { timeout: 20_000 } }, testTimeout: 60_000, hookTimeout: 120_000 }

/** Of this machine, for tests that run on Node. */
const env = { TMPDIR: tmpdir() }

/**
 * The runtimes of tests in workerd keep their objects' files here, in memory where there is room: each object has a database
 * of its own, and waits for the disk several times when it is opened or written to. Tests beside each other, which open
 * thousands, wait for each other's disk, not for a processor. Servers that tests start are on the disk.
 */
const MEMORY = '/dev/shm'
if (freeBytes(MEMORY) > 2 ** 30) process.env.TMPDIR = MEMORY

/** 0 where there is no such folder. */
function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return 0
  }
}

/** Projects whose files share processes. */
const SHARED = ['tools', 'workerd-shared']

/**
 * First the projects whose files share processes, one after the other: vitest goes on with such a process only while the next
 * file in line is of the same project. Then files of the others in turns: those of the node project wait for servers and
 * browsers half of their time, those in workerd compute. One after the other, a quarter of the cores is idle at first.
 */
class SharedThenInTurns extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const byProject = Map.groupBy(sorted, ({ project }) => project.name)
    const shared = SHARED.flatMap((name) => byProject.get(name) ?? [])
    const others = [...byProject].filter(([name]) => !SHARED.includes(name))
    const places = others.flatMap(([, some]) =>
      some.map((file, index) => ({ file, place: (index + 0.5) / some.length })),
    )
    return [...shared, ...places.sort((a, b) => a.place - b.place).map(({ file }) => file)]
  }
}

/** Where tests that take a host look at their own accounts only: they find no fault with what other files have made. */
const OWN_ACCOUNTS = ['src/proxy/', 'src/storage/', 'src/web/']

/** Files that can share a runtime: tests of parts that take no host, and those above. Others have a host of their own each. */
const SHARING = globSync('src/**/*.test.ts', { cwd: import.meta.dirname }).filter(
  (file) =>
    OWN_ACCOUNTS.some((folder) => file.startsWith(folder)) ||
    !/cloudflare:|\/testing\b|\/worker\.ts'/.test(
      readFileSync(join(import.meta.dirname, file), 'utf8'),
    ),
)

const server = workerTests({
  // Some read the log.
  settings: {
    LOG_LEVEL: 'info',
    // As `npm start` says it.
    PINNED_RUNTIME: 'true',
    ...(process.env.CUMULUS_LONG !== undefined && { CUMULUS_LONG: '1' }),
  },
  setupFiles: [...SETUP, 'src/testing/setup.ts'],
  packages: PACKAGES,
})

/** Tests of the tools and of the whole server run on Node; tests of the server's parts in workerd (`workerd` and `workerd-shared`). */
export default defineConfig({
  test: {
    // More than there are cores on a small machine: half of the time, tests wait for servers, alarms and browsers.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    sequence: { sequencer: SharedThenInTurns },
    projects: [
      {
        test: {
          name: 'tools',
          include: ['codegen/**/*.test.ts', 'cli/**/*.test.ts', 'bench/**/*.test.ts'],
          // They share what they import: a process for each would spend a second of CPU on that alone.
          isolate: false,
          env,
          setupFiles: SETUP,
          ...LIMITS,
        },
      },
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: process.env.CUMULUS_LONG ? [] : LONG,
          env,
          setupFiles: SETUP,
          ...LIMITS,
        },
      },
      {
        ...server,
        test: {
          ...server.test,
          ...LIMITS,
          name: 'workerd-shared',
          include: SHARING,
          isolate: false,
        },
      },
      { ...server, test: { ...server.test, ...LIMITS, exclude: SHARING } },
    ],
  },
})
