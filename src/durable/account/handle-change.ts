import type { PlcDirectory } from '../../services/identity/plc.ts'
import { firstHandle } from '../../services/identity/plc-operation.ts'
import type { DirectoryClient } from '../../services/objects/stubs.ts'
import type { Lifecycle } from '../../storage/account/lifecycle.ts'
import type { Job } from '../scheduler.ts'

const KEY = 'handle change'

export interface HandleChangeParts {
  kv: SyncKvStorage
  lifecycle: Pick<Lifecycle, 'profile' | 'setHandle'>
  plc: Pick<PlcDirectory, 'documentData'>
  directory: () => Pick<DirectoryClient, 'accounts'>
  /** Lets the job run once the change has had its time. */
  schedule(): void
  /** As `AccountCore.changed`. */
  changed(): void
}

/**
 * A change of the handle of a did:plc that is under way: begun here, made in the host's directory, and then in the PLC
 * directory. When that gave no answer, or the process died, nobody knows the handle until the PLC directory is asked;
 * until then the host's directory keeps both for this account.
 */
export class HandleChange implements Job {
  readonly name = 'settle a change of handle'
  /** How long a change may take, in ms, before the PLC directory is asked what came of it. */
  static readonly DURATION = 2 * 60 * 1000
  readonly #parts: HandleChangeParts

  constructor(parts: HandleChangeParts) {
    this.#parts = parts
  }

  /** To be called before anything else is changed. */
  begin(): void {
    this.#parts.kv.put(KEY, Date.now())
    this.#parts.schedule()
  }

  /** To be called when the change has come about. One that was refused is found to be undone when the job runs. */
  end(): void {
    this.#parts.kv.delete(KEY)
  }

  /** A change that was begun later has its own time. */
  repeatAfter(): number | undefined {
    const since = this.#since()
    return since === undefined ? undefined : Math.max(0, since + HandleChange.DURATION - Date.now())
  }

  async run(): Promise<void> {
    const since = this.#since()
    if (since === undefined || since + HandleChange.DURATION > Date.now()) return
    if (!this.#parts.lifecycle.profile.isDeleted()) await this.#settle(since)
    if (this.#since() === since) this.end()
  }

  /** Brings the account's handle and the one in the host's directory together, as the PLC directory has it. */
  async #settle(since: number): Promise<void> {
    const { lifecycle, plc, directory, changed } = this.#parts
    const { did, handle } = lifecycle.profile.get()
    const wanted = (await directory().accounts.find('did', did))?.handle
    if (wanted === undefined || wanted === handle) return
    const { alsoKnownAs } = await plc.documentData(did)
    // Meanwhile a further change may have been begun, or this one completed.
    if (this.#since() !== since) return
    if (firstHandle(alsoKnownAs) === wanted) {
      lifecycle.setHandle(wanted)
      changed()
    } else await directory().accounts.setHandle(did, handle, { undoing: wanted })
  }

  /** When the change was begun that is under way, in ms since the epoch. */
  #since(): number | undefined {
    return this.#parts.kv.get<number>(KEY)
  }
}
