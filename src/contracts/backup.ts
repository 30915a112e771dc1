/** Backups of what the objects store, and putting it back (docs/backup.md). */
import type { BlobRow } from '../storage/account/blobs.ts'
import type { Answer } from './answer.ts'

export interface BackupRpc {
  /** The rows that a backup has, as lines of JSON (`src/storage/dump.ts`). */
  dump(): Answer<ReadableStream<Uint8Array>>
}

/** How far the restore of an account has got, and what comes next. */
export interface RestoreState {
  next: 'rows' | 'repository' | 'blobs' | 'announcement' | 'done'
  /** Bytes of the repository that are here. */
  staged: number
}

export interface FinishOptions {
  /**
   * Whether the network is told how the account is now: by a new commit of the same records, later than whatever it has
   * seen. False: nobody hears of it, and the commit stays as it was.
   */
  announce: boolean
  /** Leaves it deactivated: its identity says that it is elsewhere. */
  deactivate?: boolean
  /** Whether the id counts as done from now on: a restore of the whole host goes on with the other accounts. */
  remember?: boolean
}

/**
 * Puts an account back from a backup, a step at a time. Until it is opened, the object answers nothing else: 503
 * `AccountRestoring`.
 */
export interface AccountRestoreRpc {
  /**
   * Begins, or goes on where one of the same id broke off.
   *
   * @param id of the restore; another one begins anew
   * @param overwrite whether an account that is here is replaced
   * @throws StorageError `AccountExists`
   */
  begin(id: string, overwrite: boolean): Answer<RestoreState>
  /**
   * Replaces everything that is stored by the rows of a dump. A value `{"seal": <purpose>, "b": <base64>}` is a secret in the
   * clear, which is encrypted with this host's key.
   *
   * @param did whose rows they have to be
   * @throws StorageError `InvalidRequest`
   */
  rows(did: string, lines: Uint8Array, sessions: boolean): Answer<void>
  /** Adds bytes of the repository's CAR file. @returns bytes that are here */
  stage(offset: number, bytes: Uint8Array): Answer<number>
  /** Verifies the repository that was sent, and puts it in its place, its commit as it was. */
  repository(): Answer<{ head: string; rev: string; records: number }>
  /** Which blobs are here, at most `limit`, after `cursor`. */
  blobs(limit: number, cursor?: string): Answer<string[]>
  addBlob(blob: BlobRow): Answer<BlobRow>
  /** From now on it is an account like others; the network has not heard of it yet. */
  open(): Answer<void>
  finish(options: FinishOptions): Answer<void>
}

/** Puts the rows of an object back that the host has one of. */
export interface ObjectRestoreRpc {
  /**
   * Begins to send a dump, or goes on with one of the same id.
   *
   * @returns bytes of it that are here
   */
  begin(id: string): Answer<number>
  /** Adds bytes of the dump. @returns bytes that are here */
  stage(offset: number, bytes: Uint8Array): Answer<number>
  /** Replaces all rows by those of the dump. */
  apply(sessions: boolean): Answer<void>
}

/** The same for the directory, which knows whether the host is being restored: meanwhile nobody signs up. */
export interface DirectoryRestoreRpc extends ObjectRestoreRpc {
  /**
   * The host is to be restored, or to be restored further.
   *
   * @returns whether its rows are here already, and whether all of it is
   * @throws StorageError `HostNotEmpty` when there are accounts, unless they came with this restore
   */
  beginHost(id: string): Answer<{ applied: boolean; finished: boolean }>
  /** @throws StorageError `InvalidRequest` when no host is being restored: the rows of one that lives are not replaced */
  assertHost(): Answer<void>
  finishHost(): Answer<void>
}
