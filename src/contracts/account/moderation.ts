/** What moderators do with the content of one account. */

import type { BlobState, TakendownBlob } from '../../storage/account/blob-takedowns.ts'
import type { BlobRow } from '../../storage/account/blobs.ts'
import type { ModerationNote } from '../../storage/moderation.ts'
import type { Answer } from '../answer.ts'

/** A record as moderators see it. */
export interface RecordState {
  cid: string
  /** Reference of the takedown; null: it is not taken down. */
  takedown: string | null
  /** CIDs of the blobs that it refers to, the first hundred. */
  blobs: string[]
}

/**
 * Each change is noted for the moderation log of the host, in the same transaction. References are what the moderator
 * gave; null restores.
 *
 * @throws StorageError `RepoNotFound`
 */
export interface ModerationRpc {
  /**
   * @param path `<collection>/<rkey>`
   * @returns false when nothing had to change; so it is where there is no such record
   */
  setRecordTakedown(path: string, ref: string | null, note: ModerationNote): Answer<boolean>
  /**
   * Also of a blob that is not here, which is then not to be uploaded.
   *
   * @returns false when nothing had to change
   */
  setBlobTakedown(cid: string, ref: string | null, note: ModerationNote): Answer<boolean>
  /** Undefined: there is no such record. */
  record(path: string): Answer<RecordState | undefined>
  /** Undefined: it was neither uploaded nor taken down. */
  blob(cid: string): Answer<BlobState | undefined>
  /** Where the bytes of a blob are that was taken down; undefined: there are none. */
  quarantined(cid: string): Answer<BlobRow | undefined>
  /** Blobs that were taken down, in order of CID, after `cursor`. */
  takendownBlobs(limit: number, cursor?: string): Answer<TakendownBlob[]>
}
