/** The packages that the Worker imports, bundled once: with them in it, each bundle of the Worker would take ten times as long. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type BuildContext, context, type Plugin } from 'esbuild'
import type { WorkerModule } from '../../host/workerd-config.ts'
import type { WranglerBundling } from './wrangler-options.ts'

/** Name of the modules, before what they are of. */
const PREFIX = 'package.'

interface Entry {
  /** Name of the module, as the Worker imports it. */
  name: string
  isCommonJs: boolean
}

/** Modules of packages, by where they are, grown when one is imported that was not before. */
export class Packages {
  readonly #bundling: WranglerBundling
  readonly #folder: string
  /** By absolute path. */
  readonly #entries = new Map<string, Entry>()
  readonly #missing = new Set<string>()
  #modules: WorkerModule[] = []
  /** Files that are in them: of packages, and stand-ins. Absolute. */
  inputs: readonly string[] = []

  /** @param folder in which the modules are kept; emptied */
  constructor(bundling: WranglerBundling, folder: string) {
    this.#bundling = bundling
    this.#folder = folder
  }

  get modules(): readonly WorkerModule[] {
    return this.#modules
  }

  /** Whether a file is one of them. */
  has(path: string): boolean {
    return path.includes('/node_modules/') || [...this.#bundling.aliases.values()].includes(path)
  }

  /** How the Worker imports the module at an absolute path. Unknown ones are there after `build`. */
  find(path: string): Entry {
    const entry = this.#entries.get(path)
    if (entry) return entry
    this.#missing.add(path)
    const name = `${PREFIX}${this.#entries.size}.${nameOf(path)}.js`
    const added = { name, isCommonJs: false }
    this.#entries.set(path, added)
    return added
  }

  /** Whether there are some that `build` has to bundle first. */
  get isIncomplete(): boolean {
    return this.#missing.size > 0
  }

  /** Bundles all that were asked for. @throws BuildFailure of esbuild */
  async build(): Promise<void> {
    this.#missing.clear()
    const { options, plugin } = this.#bundling
    const bundle: BuildContext = await context({
      ...options,
      entryPoints: [...this.#entries].map(([path, { name }]) => ({
        in: path,
        out: basename(name, '.js'),
      })),
      outdir: this.#folder,
      chunkNames: `${PREFIX}[name]-[hash]`,
      splitting: true,
      write: false,
      plugins: [plugin],
    })
    try {
      const { metafile, outputFiles = [] } = await bundle.rebuild()
      rmSync(this.#folder, { recursive: true, force: true })
      mkdirSync(this.#folder, { recursive: true })
      for (const { path, contents } of outputFiles) writeFileSync(path, contents)
      this.#modules = outputFiles.map(({ path }) => ({
        name: basename(path),
        path,
        type: 'esModule',
      }))
      const root = options.absWorkingDir ?? ''
      const inputs = metafile?.inputs ?? {}
      for (const [path, entry] of this.#entries) {
        const input = Object.entries(inputs).find(([name]) => join(root, name) === path)
        entry.isCommonJs = input?.[1].format !== 'esm'
      }
      this.inputs = filesOf(inputs, root)
    } finally {
      await bundle.dispose()
    }
  }
}

/** Absolute paths of what is a file among the inputs of a bundle. */
export const filesOf = (inputs: object, root: string): string[] =>
  Object.keys(inputs)
    .filter((name) => !VIRTUAL.test(name))
    .map((name) => join(root, name))

/** Of a plugin, with its namespace before it. */
const VIRTUAL = /^[\w -]+:/

/** `@atproto-repo` for what is of `@atproto/repo`. */
const nameOf = (path: string): string =>
  (/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? basename(path)).replace(
    /[^\w@.-]/g,
    '-',
  )

const COMMON_JS = 'package-in-common-js'

/**
 * Leaves packages out of the bundle of the Worker.
 *
 * @param names of the project's `imports` that lead into packages
 */
export const withoutPackages = (packages: Packages, names: readonly string[]): Plugin => ({
  name: 'without packages',
  setup(build) {
    const known = new Map<string, Promise<string | undefined>>()
    build.onResolve({ filter: /^[^./]/ }, async (args) => {
      const { path, kind, importer, resolveDir, namespace, pluginData } = args
      if (pluginData === INNER || kind === 'entry-point' || namespace === COMMON_JS)
        return undefined
      if (path.startsWith('#') && !names.includes(path)) return undefined
      const key = `${kind} ${path} ${resolveDir}`
      const found =
        known.get(key) ??
        build
          .resolve(path, { kind, importer, resolveDir, pluginData: INNER })
          .then((result) =>
            result.errors.length > 0 || result.external || result.namespace !== 'file'
              ? undefined
              : result.path,
          )
      known.set(key, found)
      const file = await found
      if (file === undefined || !packages.has(file)) return undefined
      const { name, isCommonJs } = packages.find(file)
      return isCommonJs
        ? { path: file, namespace: COMMON_JS }
        : { path: `./${name}`, external: true }
    })
    // Named imports out of CommonJS are made by whoever bundles.
    build.onLoad({ filter: /.*/, namespace: COMMON_JS }, ({ path }) => ({
      contents: `import inner from './${packages.find(path).name}'\nmodule.exports = inner`,
      loader: 'js',
    }))
    build.onResolve({ filter: /^\.\/package\./, namespace: COMMON_JS }, ({ path }) => ({
      path,
      external: true,
    }))
  },
})

const INNER = Symbol('to find the file')
