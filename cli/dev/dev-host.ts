/** A host in development: plain workerd, as `npm start` has it, with a Worker that is replaced while its data stay. */
import type { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { drain } from '../host/control.ts'
import { type RunningWorkerd, startWorkerd, WorkerdStartError } from '../host/workerd.ts'
import type { WorkerModule } from '../host/workerd-config.ts'
import { LOOPBACK } from '../settings/local.ts'
import { Front } from './front.ts'

/** What consumers of the firehose have to leave, and then requests to be answered, until workerd is ended; ms. */
const GRACE = 100
/** Before workerd is started again when it has ended by itself, in ms. */
const PAUSE = 1_000

export interface DevHostOptions {
  dataDirectory: string
  port: number
  /** Takes the log. */
  output(log: Readable): void
  inspectorPort?: number | undefined
}

export class DevHost {
  readonly #options: DevHostOptions
  readonly #front: Front
  #running: RunningWorkerd | undefined
  #raw: RawSettings = {}
  #modules: readonly WorkerModule[] = []
  #isStopped = false

  private constructor(options: DevHostOptions, front: Front) {
    this.#options = options
    this.#front = front
  }

  /** Listens; it answers once it has a Worker. */
  static async listen(options: DevHostOptions): Promise<DevHost> {
    return new DevHost(options, await Front.listen(options.port))
  }

  /**
   * Serves with these from now on. Where that fails, the Worker of before goes on.
   *
   * @throws WorkerdStartError, with what workerd says about the Worker
   */
  async serve(raw: RawSettings, modules: readonly WorkerModule[]): Promise<void> {
    const before = this.#running
    const last = { raw: this.#raw, modules: this.#modules }
    this.#raw = raw
    this.#modules = modules
    // Databases are one process's: there are never two.
    if (before) await this.#end(before)
    if (this.#isStopped) return
    try {
      await this.#start()
    } catch (error) {
      if (!(error instanceof WorkerdStartError) || !before) throw error
      this.#raw = last.raw
      this.#modules = last.modules
      await this.#start()
      throw error
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#front.close()
    if (this.#running) await this.#end(this.#running)
  }

  async #start(): Promise<void> {
    const { dataDirectory, output, inspectorPort } = this.#options
    const running = await startWorkerd({
      dataDirectory,
      port: 0,
      bind: LOOPBACK,
      raw: this.#raw,
      modules: this.#modules,
      output,
      inspectorPort,
    })
    this.#running = running
    this.#front.lead(running.port)
    void running.exited.then((code) => this.#startAgain(running, code))
  }

  /** When it ended by itself. */
  async #startAgain(ended: RunningWorkerd, code: number | null): Promise<void> {
    if (this.#running !== ended) return
    this.#front.hold()
    process.stderr.write(`workerd has ended (exit code ${code ?? 'none'}): starting it again\n`)
    await wait(PAUSE)
    // Another Worker may have come.
    if (this.#running === ended && !this.#isStopped) await this.#start()
  }

  async #end(running: RunningWorkerd): Promise<void> {
    this.#running = undefined
    this.#front.hold()
    await Promise.race([drain(running.control), wait(GRACE)])
    running.process.kill('SIGTERM')
    const timer = setTimeout(() => running.process.kill('SIGKILL'), GRACE)
    await running.exited
    clearTimeout(timer)
  }
}
