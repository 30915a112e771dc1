import { InvalidRequestError } from '@atproto/xrpc-server'
import type { TakendownBlob } from '../../storage/account/blob-takedowns.ts'
import type { BlobStore } from '../../storage/blobs/store.ts'
import type { HostedAccount } from '../../storage/directory/accounts.ts'
import type { LogFilter, ModerationPage } from '../../storage/directory/moderation-log.ts'
import type { Report, ReportFilter, ReportPage } from '../../storage/directory/reports.ts'
import type { ModerationNote, ModerationSubject } from '../../storage/moderation.ts'
import type { AccountLookup } from '../accounts/account-lookup.ts'
import type { MailService } from '../mail/mail.ts'
import type { HostObjects } from '../objects/stubs.ts'
import type { ReportInput, ReportView } from './report-shape.ts'
import { prepareReport, reportView } from './reports.ts'
import { type SubjectState, stateOf } from './states.ts'
import { readTypedSubject } from './typed-subject.ts'

export interface ModerationDependencies {
  readonly objects: Pick<HostObjects, 'account' | 'directory'>
  readonly lookup: Pick<AccountLookup, 'find' | 'get'>
  readonly mail: Pick<MailService, 'tell'>
  /** The blob store of the host; a new one for each use. */
  blobStore(): BlobStore
  /** Counts a report that is to be stored. @throws RateLimitError */
  countReport(did: string): Promise<void>
}

/** What a search has found. */
export interface Found {
  subjects: SubjectState[]
  /**
   * Why there may be more, or nothing: `unreadable`, the text names nothing; `elsewhere`, the account is not on this
   * host; `not here`, the account has no such record or blob; `account needed`, which accounts have a blob is known only
   * of those where it was moderated before, so the account is to be named too.
   */
  problem?: 'unreadable' | 'elsewhere' | 'not here' | 'account needed'
}

/** Rows of one page, at most. */
const MAX_PAGE = 100

/** Bytes of what a moderator writes, at most: references and cases, and reasons. */
const MAX_NAME = 1000
const MAX_REASON = 10_000

/** Takedowns, reports and the log of both. Who may call is for the caller to see to. */
export class Moderation {
  readonly #dependencies: ModerationDependencies

  constructor(dependencies: ModerationDependencies) {
    this.#dependencies = dependencies
  }

  /**
   * Takes a subject down, or restores it. It is logged, unless nothing had to change.
   *
   * @param ref reference of the takedown, the moderator's own; null restores
   * @returns false when nothing had to change, or there is no such record
   * @throws InvalidRequestError `NotFound`: the account is not on this host
   */
  async setTakedown(
    subject: ModerationSubject,
    ref: string | null,
    note: ModerationNote,
  ): Promise<boolean> {
    assertShort('reference', ref, MAX_NAME)
    assertShort('reason', note.reason, MAX_REASON)
    assertShort('case', note.caseId, MAX_NAME)
    const { did } = await this.#account(subject.did)
    const { mail, objects } = this.#dependencies
    const { lifecycle, moderation, profile } = objects.account(did)
    if (subject.kind === 'record') return moderation.setRecordTakedown(subject.path, ref, note)
    if (subject.kind === 'blob') return moderation.setBlobTakedown(subject.cid, ref, note)
    const { takedown: before } = await profile.get()
    await lifecycle.setTakedown(ref, note)
    // Moderation services repeat themselves; owners are told of what changes.
    if ((before === null) !== (ref === null)) {
      mail.tell(did, { kind: ref === null ? 'account restored' : 'account taken down' })
    }
    return before !== ref
  }

  /**
   * A subject as it is now; undefined: the account has no such record or blob.
   *
   * @throws InvalidRequestError `NotFound`: the account is not on this host
   */
  async state(subject: ModerationSubject): Promise<SubjectState | undefined> {
    return stateOf(this.#dependencies.objects, await this.#account(subject.did), subject)
  }

  /** The same, with what was done to it: the newest first, one page. */
  async subject(
    subject: ModerationSubject,
    limit = MAX_PAGE,
    cursor?: number,
  ): Promise<{ state: SubjectState | undefined; history: ModerationPage }> {
    const [state, history] = await Promise.all([
      this.state(subject),
      this.log(limit, cursor, { subject }),
    ])
    return { state, history }
  }

  /** A page of the log, the newest entry first. @param cursor of the page before */
  log(limit: number, cursor?: number, filter?: LogFilter): Promise<ModerationPage> {
    const { directory } = this.#dependencies.objects
    return directory.moderation.list(Math.min(limit, MAX_PAGE), cursor, filter)
  }

  /** Blobs of an account that were taken down, in order of CID, after `cursor`. */
  takendownBlobs(did: string, limit: number, cursor?: string): Promise<TakendownBlob[]> {
    const { moderation } = this.#dependencies.objects.account(did)
    return moderation.takendownBlobs(Math.min(limit, MAX_PAGE), cursor)
  }

  /**
   * The bytes of a blob in quarantine, which nobody gets but whoever has to judge them. They are a stranger's: to be shown
   * as `BlobService.serve` does.
   *
   * @returns undefined: the blob is not taken down, or its bytes are gone
   */
  async quarantined(
    did: string,
    cid: string,
  ): Promise<{ stream: ReadableStream<Uint8Array>; mimeType: string; size: number } | undefined> {
    const { objects, blobStore } = this.#dependencies
    const blob = await objects.account(did).moderation.quarantined(cid)
    const stream = blob && (await blobStore().get(blob.key))
    return stream && { stream, mimeType: blob.mimeType, size: blob.size }
  }

  /** What a moderator means who pastes an at-URI, an address at bsky.app, a handle, a DID, or the CID of a blob. */
  async find(text: string): Promise<Found> {
    const typed = readTypedSubject(text)
    if (!typed) return { subjects: [], problem: 'unreadable' }
    const { account: name, path, blob } = typed
    if (name === undefined) return this.#findBlob(blob ?? '')
    const account = await this.#dependencies.lookup.find(name)
    if (!account) return { subjects: [], problem: 'elsewhere' }
    const { did } = account
    const subject: ModerationSubject =
      path !== undefined
        ? { kind: 'record', did, path }
        : blob !== undefined
          ? { kind: 'blob', did, cid: blob }
          : { kind: 'account', did }
    const state = await stateOf(this.#dependencies.objects, account, subject)
    return state ? { subjects: [state] } : { subjects: [], problem: 'not here' }
  }

  /** Stores a report by an account of this host. @throws InvalidRequestError; RateLimitError; XRPCError `TooManyReports` */
  async report(reportedBy: string, input: ReportInput): Promise<ReportView> {
    const { objects, lookup, countReport } = this.#dependencies
    const report = await prepareReport(reportedBy, input, lookup)
    await countReport(reportedBy)
    return reportView(await objects.directory.reports.add(report))
  }

  /** A page of the reports that are stored here, the newest first. @param cursor of the page before */
  reports(limit: number, cursor?: number, filter?: ReportFilter): Promise<ReportPage> {
    const { directory } = this.#dependencies.objects
    return directory.reports.list(Math.min(limit, MAX_PAGE), cursor, filter)
  }

  /** A report that is stored here. */
  findReport(id: number): Promise<Report | undefined> {
    return this.#dependencies.objects.directory.reports.find(id)
  }

  /**
   * Closes a report, with what is to be said of it; it is logged.
   *
   * @param by as in `ModerationNote`
   * @returns false when it was closed before
   * @throws XRPCError `NotFound`
   */
  async resolveReport(id: number, by: string, note?: string): Promise<boolean> {
    assertShort('note', note, MAX_REASON)
    return this.#dependencies.objects.directory.reports.resolve(id, by, note ?? null)
  }

  async #account(did: string): Promise<HostedAccount> {
    const account = await this.#dependencies.lookup.find(did)
    if (!account) throw new InvalidRequestError('Repo not found', 'NotFound')
    return account
  }

  /** There is no index of blobs over all accounts, which would cost a row for each upload; the log has one. */
  async #findBlob(cid: string): Promise<Found> {
    const { objects, lookup } = this.#dependencies
    const { entries } = await this.log(MAX_PAGE, undefined, { blob: cid })
    const dids = [...new Set(entries.map(({ subject }) => subject.did))]
    const states = await Promise.all(
      dids.map(async (did) => {
        const account = await lookup.find(did)
        return account && stateOf(objects, account, { kind: 'blob', did, cid })
      }),
    )
    const subjects = states.filter((state) => state !== undefined)
    return { subjects, problem: 'account needed' }
  }
}

function assertShort(what: string, text: string | null | undefined, most: number): void {
  if (text && Buffer.byteLength(text) > most) {
    throw new InvalidRequestError(`The ${what} is too long: at most ${most} bytes`)
  }
}
