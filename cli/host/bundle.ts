/** The production bundle, in `dist/`: what `cumulus serve` runs and `cumulus deploy` uploads. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, extname, join } from 'node:path'
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

/** The bundle could not be built; the message is esbuild's. */
export class BundleError extends Error {
  override name = 'BundleError'
}

/** Builds the bundle if it is missing or older than its sources. @throws BundleError */
export function ensureBundle(onBuild: () => void): void {
  const built = statSync(BUNDLE, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const builder = [join(PACKAGE_ROOT, 'package.json'), join(import.meta.dirname, 'build')]
  const inputs = [...INPUTS.map((input) => join(ROOT, input)), ...builder]
  if (inputs.every((input) => newest(input) <= built)) return
  // An image of a container has the bundle, and not what builds it.
  if (built > 0 && !existsSync(WRANGLER)) return
  onBuild()
  buildBundle()
}

/**
 * Builds it in a folder of its own and moves it into place, its entry last: several programs may start, and build, at once, and
 * none of them is to find half a bundle.
 *
 * @throws BundleError
 */
export function buildBundle(): void {
  const folder = join(dirname(BUNDLE), `build-${process.pid}`)
  const program = join(import.meta.dirname, 'build', `make-bundle${extname(import.meta.filename)}`)
  try {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, folder], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    if (status !== 0) throw new BundleError(`${stdout}${stderr}`)
    process.stderr.write(stderr)
    const entry = basename(BUNDLE)
    // A server that starts just now may still read the bundle of before.
    const before = existsSync(BUNDLE) ? bundleModules() : []
    const made = readdirSync(folder)
    for (const file of [...made.filter((name) => name !== entry), entry]) {
      renameSync(join(folder, file), join(dirname(BUNDLE), file))
    }
    const needed = new Set([...before, ...bundleModules()].map(({ name }) => name))
    for (const file of readdirSync(dirname(BUNDLE))) {
      const [module] = MODULE.exec(file) ?? []
      if (module && !needed.has(module)) rmSync(join(dirname(BUNDLE), file))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Names of modules beside the entry, which have a hash of what is in them; and what begins so: their maps and licences. */
const MODULE = /^([\w.$-]+-[A-Z0-9]{8}\.js|[0-9a-f]{40}-[\w.-]+?\.(?:txt|html|sql|bin|wasm))/

/** How modules import each other: `from"./a.js"`, `import"./a.js"`, `import("./a.js")`, and the last in backquotes. */
const IMPORT = /\b(?:from|import)(\()?["`]\.\/([\w.$-]+\.(?:js|txt|html|sql|bin|wasm))["`]/g

export interface BundleModule {
  /** By which the others import it, after `./`. */
  name: string
  /** Absolute. */
  path: string
  type: 'esModule' | 'text' | 'data' | 'wasm'
  /** Whether each start evaluates it; otherwise it is imported when it is first needed. */
  isCore: boolean
}

/** The modules of the bundle, its entry first. Those of the bundle before may lie beside it. */
export function bundleModules(bundle = BUNDLE): BundleModule[] {
  const found = new Map<string, BundleModule>()
  const waiting = [{ name: basename(bundle), isCore: true }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { name, isCore } = next
    const known = found.get(name)
    if (known && (known.isCore || !isCore)) continue
    const path = join(dirname(bundle), name)
    const type = typeOf(name)
    found.set(name, { name, path, type, isCore })
    if (type !== 'esModule') continue
    for (const [, isLazy, imported = ''] of readFileSync(path, 'utf8').matchAll(IMPORT)) {
      waiting.push({ name: imported, isCore: isCore && isLazy === undefined })
    }
  }
  return [...found.values()]
}

function typeOf(name: string): BundleModule['type'] {
  if (name.endsWith('.js')) return 'esModule'
  if (name.endsWith('.bin')) return 'data'
  return name.endsWith('.wasm') ? 'wasm' : 'text'
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
