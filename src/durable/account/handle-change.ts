import type { PlcDirectory } from '../../services/identity/plc.ts'
import { firstHandle } from '../../services/identity/plc-operation.ts'
import type { DirectoryClient } from '../../services/objects/stubs.ts'
import type { Lifecycle } from '../../storage/account/lifecycle.ts'
import type { Job } from '../scheduler.ts'

const KEY = 'handle change'

export interface HandleChangeParts {
  kv: SyncKvStorage
  lifecycle: Pick<Lifecycle, 'profile' | 'setHandle'>
  plc: () => Pick<PlcDirectory, 'documentData'>
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
  begin(handle: string): void {
    this.#parts.kv.put(KEY, handle)
    this.#parts.schedule()
  }

  /** To be called when it is over, whatever came of it. */
  end(): void {
    this.#parts.kv.delete(KEY)
  }

  async run(): Promise<void> {
    const { kv, lifecycle, plc, directory, changed } = this.#parts
    const handle = kv.get<string>(KEY)
    if (handle === undefined) return
    if (lifecycle.profile.isDeleted()) return this.end()
    const { did, handle: before } = lifecycle.profile.get()
    const { alsoKnownAs } = await plc().documentData(did)
    // Meanwhile a further change may have been begun, or this one completed.
    if (kv.get<string>(KEY) !== handle) return
    if (firstHandle(alsoKnownAs) !== handle) {
      await directory().accounts.setHandle(did, before, { undoing: handle })
      if (kv.get<string>(KEY) === handle) this.end()
      return
    }
    lifecycle.setHandle(handle)
    this.end()
    changed()
  }
}
