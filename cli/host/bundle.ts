/** The production bundle: what `wrangler deploy` would upload, in `dist/`. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { findProject, PACKAGE } from '../../codegen/base.ts'
import { packageRoot } from '../../codegen/layout.ts'

/** Where this program is: a checkout, or the package in a project's `node_modules`. */
export const PACKAGE_ROOT = packageRoot
/** The project that the program works on: the one that it is run in, or else its own. */
export const ROOT = findProject(process.cwd())
/** Where the pages are that messages name, as seen from the project. */
export const DOCS = ROOT === PACKAGE_ROOT ? 'docs' : `node_modules/${PACKAGE}/docs`
/** Cloudflare's own program. */
export const WRANGLER = findWrangler()
export const BUNDLE = join(ROOT, 'dist', 'worker.js')

/** What the bundle is made of. */
const INPUTS = ['src', 'wrangler.toml', 'package.json', 'package-lock.json']

/** The bundle could not be built; the message is wrangler's. */
export class BundleError extends Error {
  override name = 'BundleError'
}

/** Builds the bundle if it is missing or older than its sources. @throws BundleError */
export function ensureBundle(onBuild: () => void): void {
  const built = statSync(BUNDLE, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const inputs = [...INPUTS.map((input) => join(ROOT, input)), join(PACKAGE_ROOT, 'package.json')]
  if (inputs.every((input) => newest(input) <= built)) return
  // An image of a container has the bundle, and not what builds it.
  if (built > 0 && !existsSync(WRANGLER)) return
  onBuild()
  buildBundle()
}

/**
 * Builds it in a folder of its own and moves it into place: several programs may start, and build, at once, and none of them
 * is to find half a bundle.
 *
 * @returns wrangler's report, with the size of the upload
 * @throws BundleError
 */
export function buildBundle(): string {
  const folder = join(dirname(BUNDLE), `build-${process.pid}`)
  try {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [WRANGLER, 'deploy', '--dry-run', '--outdir', folder],
      { cwd: ROOT, encoding: 'utf8', env: { ...process.env, WRANGLER_SEND_METRICS: 'false' } },
    )
    if (status !== 0) throw new BundleError(`${stdout}${stderr}`)
    const name = basename(BUNDLE)
    // A server that starts just now may still read the bundle of before.
    const before = existsSync(BUNDLE) ? textModules() : []
    for (const file of readdirSync(folder).filter((file) => TEXT.test(file))) {
      renameSync(join(folder, file), join(dirname(BUNDLE), file))
    }
    for (const file of [`${name}.map`, name]) {
      renameSync(join(folder, file), join(dirname(BUNDLE), file))
    }
    const needed = [...before, ...textModules()]
    for (const file of readdirSync(dirname(BUNDLE)).filter((file) => TEXT.test(file))) {
      if (!needed.includes(file)) rmSync(join(dirname(BUNDLE), file))
    }
    return stdout
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Modules of text, which wrangler puts beside the bundle, with a hash of what is in them. */
const TEXT = /^[0-9a-f]+-[\w.-]+\.txt$/

/** Names of the modules of text that the bundle imports. Those of the bundle before may lie beside it. */
export const textModules = (): string[] => {
  const code = readFileSync(BUNDLE, 'utf8')
  const names = [...code.matchAll(/"\.\/([0-9a-f]+-[\w.-]+\.txt)"/g)].map(([, name = '']) => name)
  return [...new Set(names)]
}

/** An image of a container has none: it has the bundle. */
function findWrangler(): string {
  const require = createRequire(import.meta.url)
  try {
    return join(dirname(require.resolve('wrangler/package.json')), 'bin', 'wrangler.js')
  } catch {
    return join(PACKAGE_ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js')
  }
}

/** Time of the last change below `path`, in ms since the epoch; 0 where there is nothing. */
function newest(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat?.isDirectory()) return stat?.mtimeMs ?? 0
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .reduce(
      (latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs),
      stat.mtimeMs,
    )
}
