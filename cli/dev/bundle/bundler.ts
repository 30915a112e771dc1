/** Bundles the Worker again and again, in a tenth of a second: what is of packages is bundled apart, once. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BuildContext, type BuildFailure, context, type Message } from 'esbuild'
import { BundleError } from '../../host/bundle.ts'
import type { WorkerModule } from '../../host/workerd-config.ts'
import { filesOf, Packages, withoutPackages } from './packages.ts'
import { type WranglerBundling, wranglerBundling } from './wrangler-options.ts'

export interface DevBundle {
  /** The Worker, its entry first. */
  modules: readonly WorkerModule[]
  /** Files that it was made of, absolute. */
  inputs: readonly string[]
  /** What the entry exports. */
  exports: readonly string[]
}

/** How many bundles are kept: that which runs, and the next. */
const KEPT = 2

export class DevBundler {
  readonly #root: string
  readonly #folder: string
  readonly #bundling: WranglerBundling
  readonly #packages: Packages
  #context: BuildContext | undefined
  #count = 0
  /** Of the newest bundle. */
  path = ''
  #last = ''
  #lastStandIns = ''

  /**
   * @param root the project
   * @param folder where the modules are kept
   * @throws CommandError for a wrangler.toml that cannot be read
   */
  constructor(root: string, folder: string) {
    this.#root = root
    this.#folder = folder
    this.#bundling = wranglerBundling(root)
    rmSync(folder, { recursive: true, force: true })
    this.#packages = new Packages(this.#bundling, join(folder, 'packages'))
  }

  /** @returns undefined where nothing is other than in the last one. @throws BundleError with the place in each file */
  async build(): Promise<DevBundle | undefined> {
    try {
      return await this.#build()
    } catch (error) {
      if (isFailure(error)) throw new BundleError(error.errors.map(inWords).join('\n'))
      throw error
    }
  }

  /** Ends esbuild. */
  async stop(): Promise<void> {
    await this.#context?.dispose()
  }

  async #build(): Promise<DevBundle | undefined> {
    const stale = this.#standIns() !== this.#lastStandIns
    if (stale) await this.#packages.build()
    this.#context ??= await this.#begin()
    let result = await this.#context.rebuild()
    while (this.#packages.isIncomplete) {
      await this.#packages.build()
      result = await this.#context.rebuild()
    }
    this.#lastStandIns = this.#standIns()
    const code = result.outputFiles?.find(({ path }) => path.endsWith('.js'))
    const map = result.outputFiles?.find(({ path }) => path.endsWith('.map'))
    if (!code || !map || !result.metafile) throw new BundleError('esbuild made no bundle')
    const files = [...this.#bundling.files.values()]
    const made = `${code.hash} ${files.map(({ name }) => name).join(' ')}`
    if (made === this.#last && !stale) return undefined
    this.#last = made
    const folder = join(this.#folder, String(++this.#count))
    mkdirSync(folder, { recursive: true })
    const path = join(folder, 'worker.js')
    this.path = path
    writeFileSync(path, code.contents)
    writeFileSync(`${path}.map`, map.contents)
    rmSync(join(this.#folder, String(this.#count - KEPT)), { recursive: true, force: true })
    return {
      modules: [{ name: 'worker.js', path, type: 'esModule' }, ...this.#packages.modules, ...files],
      inputs: [...filesOf(result.metafile.inputs, this.#root), ...this.#packages.inputs],
      exports: Object.values(result.metafile.outputs).flatMap((output) => output.exports),
    }
  }

  /** What is in files of the project that are bundled with the packages. */
  #standIns(): string {
    const own = this.#packages.inputs.filter((path) => !path.includes('/node_modules/'))
    return own.map((path) => readFileSync(path, 'utf8')).join('\0')
  }

  #begin(): Promise<BuildContext> {
    const { entry, options, plugin } = this.#bundling
    return context({
      ...options,
      entryPoints: { worker: entry },
      // As deep as the bundles are kept, for the paths in its map.
      outdir: join(this.#folder, '0'),
      sourcemap: true,
      sourcesContent: false,
      write: false,
      plugins: [plugin, withoutPackages(this.#packages, this.#imports())],
    })
  }

  /** Names of the project's `imports` that lead into packages. */
  #imports(): string[] {
    const { imports = {} } = JSON.parse(readFileSync(join(this.#root, 'package.json'), 'utf8')) as {
      imports?: Record<string, string>
    }
    return Object.entries(imports).flatMap(([name, to]) => (to.startsWith('.') ? [] : [name]))
  }
}

const isFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors)

/** `src/handlers/com/example/getEntries.ts:12:7 Expected ";" but found "x"` */
const inWords = ({ location, text }: Message): string =>
  location ? `${location.file}:${location.line}:${location.column + 1} ${text}` : text
