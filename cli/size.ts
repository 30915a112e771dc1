/** `npm run size`: size of the production bundle, and of what each start evaluates of it. */
import { readFileSync, rmSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { BUNDLE, type BundleModule, buildBundle, bundleModules } from './host/bundle.ts'

/**
 * Upper limits, in KiB compressed. `core` is what each start evaluates; the rest is loaded when it is first needed: the OAuth
 * server, pages, mail, backups, moves, what only apps have. All of it is parsed at each start. Cloudflare takes 3 MB.
 */
const LIMITS = { core: 340, all: 600 }

rmSync(BUNDLE, { force: true })
buildBundle()
const modules = bundleModules()
const scripts = modules.filter(({ type }) => type === 'esModule')
report(
  'core',
  scripts.filter(({ isCore }) => isCore),
)
report('all', scripts)
for (const text of modules.filter(({ type }) => type !== 'esModule')) {
  const { compressed } = sizeOf([text])
  process.stdout.write(
    `${compressed} KiB gzip beside it, read when it is asked for: ${text.name}\n`,
  )
}

function report(what: keyof typeof LIMITS, of: readonly BundleModule[]): void {
  const { raw, compressed } = sizeOf(of)
  process.stdout.write(
    `${what}: ${raw} KiB, ${compressed} KiB gzip (limit ${LIMITS[what]}), ${of.length} modules\n`,
  )
  if (compressed > LIMITS[what]) process.exitCode = 1
}

/** In KiB; compressed as one, as wrangler reports it. */
function sizeOf(of: readonly BundleModule[]): { raw: number; compressed: number } {
  const code = Buffer.concat(of.map(({ path }) => readFileSync(path)))
  return { raw: kib(code), compressed: kib(gzipSync(code)) }
}

function kib(bytes: Buffer): number {
  return Math.round(bytes.byteLength / 1024)
}
