/** Bundles the Worker at each change of what it is made of, and has the hosts serve it. */
import { dirname, join } from 'node:path'
import { watchFolders } from '../../codegen/watch-folders.ts'
import { BundleError } from '../host/bundle.ts'
import { WorkerdStartError } from '../host/workerd.ts'
import type { WorkerModule } from '../host/workerd-config.ts'
import type { DevBundler } from './bundle/bundler.ts'

/** An editor writes a file in several steps, the generator several files: so long is waited for the next one, in ms. */
const QUIET = 20

/** How long a reload took, in ms. */
export interface ReloadTimes {
  /** From the first change on. */
  all: number
  bundle: number
  /** The end of workerd, and the start of the new one until it listens. */
  start: number
}

export interface ReloaderOptions {
  root: string
  bundler: DevBundler
  /** Has a host serve it. @throws WorkerdStartError where the Worker does not start */
  serve(modules: readonly WorkerModule[]): Promise<void>
  /** Told of each reload, and of what hindered one. */
  reloaded(times: ReloadTimes): void
  failed(reason: string, isServing: boolean): void
}

export class Reloader {
  readonly #options: ReloaderOptions
  #modules: readonly WorkerModule[] = []
  #timer: NodeJS.Timeout | undefined
  #changedAt: number | undefined
  #running: Promise<void> | undefined
  #unwatch = new Map<string, () => void>()
  #isStopped = false
  readonly #served = Promise.withResolvers<void>()

  constructor(options: ReloaderOptions) {
    this.#options = options
  }

  /** Resolves once the Worker is served, be it after its faults were mended. From then on changes are, too. */
  async begin(): Promise<void> {
    this.#watch([join(this.#options.root, 'src')])
    this.#changed()
    await this.#served.promise
  }

  /** Serves again without another Worker: settings are others. */
  async again(): Promise<void> {
    await this.#running
    await this.#attempt(() => this.#options.serve(this.#modules))
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    for (const unwatch of this.#unwatch.values()) unwatch()
    await this.#running
    await this.#options.bundler.stop()
  }

  #watch(folders: readonly string[]): void {
    for (const folder of folders) {
      const isWatched = [...this.#unwatch.keys()].some((one) => `${folder}/`.startsWith(`${one}/`))
      // With all that is below it: not the project's own folder.
      if (isWatched || `${this.#options.root}/`.startsWith(`${folder}/`)) continue
      this.#unwatch.set(
        folder,
        watchFolders([folder], () => this.#changed()),
      )
    }
  }

  #changed(): void {
    this.#changedAt ??= performance.now()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#running ??= this.#run().finally(() => {
        this.#running = undefined
      })
    }, QUIET)
  }

  /** Until nothing has changed since it began. */
  async #run(): Promise<void> {
    while (this.#changedAt !== undefined && !this.#isStopped) {
      const changedAt = this.#changedAt
      this.#changedAt = undefined
      await this.#attempt(async () => {
        const began = performance.now()
        const bundle = await this.#options.bundler.build()
        const bundled = performance.now()
        if (!bundle || this.#isStopped) return
        const own = bundle.inputs.filter((file) => !file.includes('/node_modules/'))
        this.#watch(own.map((file) => dirname(file)))
        await this.#options.serve(bundle.modules)
        const now = performance.now()
        const times = { all: now - changedAt, bundle: bundled - began, start: now - bundled }
        if (this.#modules.length > 0) this.#options.reloaded(times)
        this.#modules = bundle.modules
        this.#served.resolve()
      })
    }
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof BundleError || error instanceof WorkerdStartError)) throw error
      this.#options.failed(error.message, this.#modules.length > 0)
    }
  }
}
