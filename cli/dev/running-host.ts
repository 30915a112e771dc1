/** One of the hosts of `cumulus dev`, with what looks at it: its log, its firehose, its mails. */
import { mkdirSync } from 'node:fs'
import { escapeControls } from '../../codegen/escape-controls.ts'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import type { WorkerModule } from '../host/workerd-config.ts'
import { DevHost } from './dev-host.ts'
import { tapFirehose } from './firehose-tap.ts'
import { HostAnswers } from './host-answers.ts'
import { MailWatch } from './mails.ts'
import { writeOutput } from './output.ts'

/** After a request that may have caused a mail, in ms: most are written at once, some by background jobs. */
const MAIL_AFTER = [200, 2_000]

export interface RunningHostOptions {
  port: number
  dataDirectory: string
  /** Read at each start. */
  settings(): RawSettings
  /** The project. */
  root: string
  /** Path of the Worker's bundle that runs. */
  bundle(): string
  inspectorPort?: number | undefined
  /** Before each line that is of this host. */
  label: string
}

export class RunningHost {
  readonly answers: HostAnswers
  readonly #options: RunningHostOptions
  readonly #mails: MailWatch
  #host: DevHost | undefined

  constructor(options: RunningHostOptions) {
    this.#options = options
    this.answers = new HostAnswers(`http://127.0.0.1:${options.port}`)
    this.#mails = new MailWatch(this.answers, (line) => this.#print(line))
  }

  get settings(): RawSettings {
    return this.#options.settings()
  }

  /** Opens its port. */
  async listen(): Promise<void> {
    const { port, dataDirectory, root, bundle, inspectorPort, label } = this.#options
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 })
    const onEvent = (event: string) => this.#onEvent(event)
    this.#host = await DevHost.listen({
      dataDirectory,
      port,
      inspectorPort,
      output: (log) => writeOutput(log, process.stdout, { root, bundle, label, onEvent }),
    })
  }

  /** Has it serve with these, or go on with those of before. @throws WorkerdStartError */
  async serve(modules: readonly WorkerModule[]): Promise<void> {
    await this.#host?.serve(this.settings, modules)
  }

  /** Shows its events and mails from now on. @param forget told of an identity that has changed */
  async watch(forget: (did: string) => void, ended: AbortSignal): Promise<void> {
    await this.#mails.begin()
    tapFirehose(this.answers, (line) => this.#print(line), forget, ended)
  }

  async stop(): Promise<void> {
    await this.#host?.stop()
  }

  #onEvent(event: string): boolean {
    if (this.answers.tookPart(event) || event.includes('"path":"/xrpc/_health"')) return false
    if (event.includes('"method":"POST"')) {
      for (const ms of MAIL_AFTER) setTimeout(() => void this.#mails.look(), ms).unref()
    }
    return true
  }

  #print(line: string): void {
    process.stdout.write(`${this.#options.label}${escapeControls(line)}\n`)
  }
}
