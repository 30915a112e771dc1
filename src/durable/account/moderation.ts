import type { ModerationRpc, RecordState } from '../../contracts/account/moderation.ts'
import { cidString } from '../../kernel/cbor/cid.ts'
import type {
  BlobState,
  BlobTakedowns,
  TakendownBlob,
} from '../../storage/account/blob-takedowns.ts'
import type { BlobIndex, BlobRow } from '../../storage/account/blobs.ts'
import type { Repo } from '../../storage/account/repo.ts'
import type { ModerationNote, ModerationSubject } from '../../storage/moderation.ts'
import type { AccountCore } from './core.ts'
import type { ModerationNotes } from './moderation-notes.ts'

/** Blobs of one record that are named. */
const MAX_BLOBS = 100

export interface ModerationParts {
  repo: Pick<Repo, 'records' | 'takedowns'>
  blobs: BlobTakedowns
  blobIndex: Pick<BlobIndex, 'blobsOf' | 'clearCache'>
  notes: ModerationNotes
}

/** Takes records and blobs of one account down, and restores them. */
export class Moderation implements ModerationRpc {
  readonly #core: AccountCore
  readonly #parts: ModerationParts

  constructor(core: AccountCore, parts: ModerationParts) {
    this.#core = core
    this.#parts = parts
  }

  setRecordTakedown(path: string, ref: string | null, note: ModerationNote): Promise<boolean> {
    const { records, takedowns } = this.#parts.repo
    const { did } = this.#core.profile.get()
    return this.#change({ kind: 'record', did, path }, ref, note, () => {
      const before = takedowns.find(path) ?? null
      if (before === ref || !records.getByPath(path)) return false
      if (ref === null) takedowns.remove(path)
      else takedowns.set(path, ref)
      return true
    })
  }

  setBlobTakedown(cid: string, ref: string | null, note: ModerationNote): Promise<boolean> {
    const { blobs } = this.#parts
    const { did } = this.#core.profile.get()
    const deleteAt = Date.now() + this.#core.config.blobQuarantine
    return this.#change({ kind: 'blob', did, cid }, ref, note, () =>
      ref === null ? blobs.remove(cid) : blobs.set(cid, ref, deleteAt),
    )
  }

  record(path: string): RecordState | undefined {
    this.#core.profile.get()
    const { repo, blobIndex } = this.#parts
    const record = repo.records.getByPath(path)
    return (
      record && {
        cid: cidString(record.cid),
        takedown: repo.takedowns.find(path) ?? null,
        blobs: blobIndex.blobsOf(path, MAX_BLOBS),
      }
    )
  }

  blob(cid: string): BlobState | undefined {
    this.#core.profile.get()
    return this.#parts.blobs.state(cid)
  }

  quarantined(cid: string): BlobRow | undefined {
    this.#core.profile.get()
    return this.#parts.blobs.quarantined(cid)
  }

  takendownBlobs(limit: number, cursor?: string): TakendownBlob[] {
    this.#core.profile.get()
    return this.#parts.blobs.list(limit, cursor)
  }

  async #change(
    subject: ModerationSubject,
    ref: string | null,
    note: ModerationNote,
    work: () => boolean,
  ): Promise<boolean> {
    const { takedowns } = this.#parts.repo
    let changed: boolean
    try {
      changed = this.#core.storage.transactionSync(() => {
        if (!work()) return false
        this.#parts.notes.add(ref === null ? 'restore' : 'takedown', subject, note, ref)
        return true
      })
    } catch (error) {
      takedowns.clearCache()
      this.#parts.blobIndex.clearCache()
      throw error
    }
    if (!changed) return false
    // The alarm is set, for the end of the quarantine too.
    this.#core.changed()
    await this.#parts.notes.send()
    return true
  }
}
