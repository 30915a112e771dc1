/**
 * Brings a host to another version, or leaves it as it was. Each step is written down before it is done, so that a run that
 * was broken off, by a loss of power too, is undone by the next one.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ensureBundle } from '../host/bundle.ts'
import { lockFolder } from '../host/folder-lock.ts'
import { writeFileSafely } from '../host/safe-file.ts'
import { CommandError, InterruptedError } from '../terminal/errors.ts'
import { type Changes, changesBetween, factsOf } from './changes.ts'
import type { Checkout, Revision } from './checkout.ts'
import { restoreData, saveData } from './data-copy.ts'
import type { Service } from './service.ts'
import { differences, takeSnapshot } from './snapshot.ts'
import { Stage, WORK_FOLDER } from './stage.ts'

/** What may have been done, at most. */
type Phase =
  /** The host was stopped. */
  | 'stopped'
  /** Packages, bundle and sources are being exchanged. */
  | 'switching'
  /** The new version has run with the data. */
  | 'started'

interface State {
  phase: Phase
  /** Commit to go back to. */
  from: string
  dataDirectory: string
  /** Copy of the data. */
  copy: string
}

export interface UpgradeOptions {
  checkout: Checkout
  dataDirectory: string
  /** What stops and starts the host; undefined: it does not run. */
  service: Service | undefined
  /** Folder for the copy of the data. */
  copies: string
  /** Is told what is being done. */
  say(text: string): void
}

export interface Plan {
  now: Revision
  next: Revision
  changes: Changes
}

export interface Upgraded {
  from: string
  to: string
  accounts: number
  /** Copy of the data as they were. */
  copy: string
}

export class Upgrade {
  readonly #options: UpgradeOptions
  readonly #stage: Stage

  constructor(options: UpgradeOptions) {
    this.#options = options
    this.#stage = new Stage(options.checkout)
  }

  /** Undoes what an earlier run has left half done. @returns whether there was something */
  async recover(): Promise<boolean> {
    const state = this.#readState()
    if (!state) return false
    this.#options.say('An upgrade was broken off: going back to the version before')
    await this.#rollBack(state)
    return true
  }

  /** Makes a version ready beside the one that runs, and says what it changes. @throws CommandError */
  async plan(name: string): Promise<Plan> {
    const { checkout, say } = this.#options
    const [now, next] = [await checkout.revision('HEAD'), await checkout.revision(name)]
    if (now.id === next.id) throw new CommandError(`This is ${name} already (${now.version}).`)
    await this.#assertReachable(now, next)
    say(`Making ${name} ready`)
    await this.#stage.prepare(now, next)
    const facts = [factsOf(checkout.root), factsOf(this.#stage.folder)] as const
    const changes = await changesBetween(checkout, [now, next], facts)
    if (changes.goesBack) {
      throw new CommandError(
        `${name} cannot open the data of ${now.version}, which is newer: only a backup of before leads back.`,
      )
    }
    return { now, next, changes }
  }

  /** Gives up what was made ready. */
  discard(): Promise<void> {
    return this.#stage.discard()
  }

  /** @throws CommandError, InterruptedError when it did not come about; everything is as it was then */
  async run({ now, next }: Plan): Promise<Upgraded> {
    const { checkout, dataDirectory, service, copies } = this.#options
    await this.#stage.build()
    // Whom the data belong to may not be allowed to.
    ensureBundle(() => this.#options.say(`Building ${now.version}`))
    const state: State = {
      phase: 'stopped',
      from: now.id,
      dataDirectory,
      copy: join(copies, `${now.version}-${now.id.slice(0, 10)}-${timestamp()}`),
    }
    this.#note(state, 'stopped')
    const interruption = new Interruption()
    const step = (text: string) => {
      interruption.check()
      this.#options.say(text)
    }
    try {
      if (service) step(`Stopping ${service.name}`)
      service?.stop()
      await this.#assertStopped()
      const host = { root: checkout.root, dataDirectory }
      step('Looking at what there is')
      const before = await takeSnapshot(host)
      step(`Copying the data to ${state.copy}`)
      mkdirSync(copies, { recursive: true, mode: 0o700 })
      saveData(dataDirectory, state.copy)
      step(`Switching to ${next.name}`)
      this.#note(state, 'switching')
      // The bundle comes last: it must not be older than its sources.
      checkout.moveTo(next.id)
      this.#stage.swapIn()
      this.#note(state, 'started')
      step('Starting it, and comparing')
      const after = await takeSnapshot(host)
      const wrong = differences(before, after)
      if (after.version !== next.version) wrong.push(`it says that it is ${after.version}`)
      interruption.check()
      if (wrong.length > 0) throw new CommandError(inList('It is not as it was:', wrong))
      this.#forget()
      await this.#stage.discard()
      service?.start()
      return {
        from: now.version,
        to: next.version,
        accounts: Object.keys(after.accounts).length,
        copy: state.copy,
      }
    } catch (error) {
      await this.#rollBack(state)
      if (error instanceof InterruptedError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new CommandError(
        `${reason}\n\n${next.name} was not installed: ${now.version} is back, with its data.`,
      )
    } finally {
      interruption.end()
    }
  }

  /** @throws CommandError */
  async #assertReachable(now: Revision, next: Revision): Promise<void> {
    const { checkout } = this.#options
    const changed = await checkout.changes()
    if (changed.length > 0) {
      throw new CommandError(
        inList('Files here were changed and not committed (git commit, or git stash):', changed),
      )
    }
    if (await checkout.contains(next.id, now.id)) return
    if (await checkout.contains(now.id, next.id)) {
      throw new CommandError(
        `${next.name} is older than what is here (${now.version}), or part of it.`,
      )
    }
    throw new CommandError(
      `There are commits here that ${next.name} does not have, such as lexicons and handlers of your own. Merge it on a ` +
        'branch beside this one, and upgrade to that:\n' +
        `  git worktree add -b next ../next && git -C ../next merge ${next.name}\n  npx cumulus upgrade next`,
    )
  }

  /** @throws CommandError when a server runs with the data */
  async #assertStopped(): Promise<void> {
    const free = await lockFolder(
      this.#options.dataDirectory,
      'stop it first. Where systemd runs it, --service names its unit.',
    )
    free()
  }

  async #rollBack(state: State): Promise<void> {
    const { checkout, service, say } = this.#options
    if (state.phase !== 'stopped') {
      say('Going back')
      checkout.moveTo(state.from)
      this.#stage.swapOut()
    }
    if (state.phase === 'started') restoreData(state.copy, state.dataDirectory)
    this.#forget()
    // The data are as they were; what was copied before that is one too many.
    rmSync(state.copy, { recursive: true, force: true })
    await this.#stage.discard()
    service?.start()
  }

  #note(state: State, phase: Phase): void {
    state.phase = phase
    mkdirSync(dirname(this.#statePath), { recursive: true })
    writeFileSafely(this.#statePath, JSON.stringify(state))
  }

  #forget(): void {
    rmSync(this.#statePath, { force: true })
  }

  #readState(): State | undefined {
    if (!existsSync(this.#statePath)) return undefined
    return JSON.parse(readFileSync(this.#statePath, 'utf8')) as State
  }

  get #statePath(): string {
    const { root } = this.#options.checkout
    return join(root, dirname(WORK_FOLDER), `${basename(WORK_FOLDER)}.json`)
  }
}

export const inList = (title: string, items: readonly string[]): string => {
  const shown = items.slice(0, 20).map((item) => `  - ${item}`)
  const rest = items.length > shown.length ? [`  … and ${items.length - shown.length} more`] : []
  return [title, ...shown, ...rest].join('\n')
}

const timestamp = (): string => new Date().toISOString().replace(/[-:]|\.\d+/g, '')

/** Ctrl-C, which counts between two steps: everything is put back then. */
class Interruption {
  #came = false
  readonly #note = () => {
    this.#came = true
  }

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#note)
  }

  /** @throws InterruptedError */
  check(): void {
    if (this.#came) throw new InterruptedError()
  }

  end(): void {
    for (const signal of SIGNALS) process.off(signal, this.#note)
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
