/** Which records of a host a lexicon would refuse, before it is deployed or published. */
import { forEachOf } from '../../src/services/backup/at-once.ts'
import { RefusedError } from '../../src/services/backup/errors.ts'
import { RepositoryError } from '../../src/services/backup/repository.ts'
import type { HostClient } from '../backup/host-client.ts'
import type { Judge } from './judge.ts'
import {
  accountsWith,
  type FoundRecord,
  hiddenAccounts,
  pagesOf,
  recordsInRepository,
} from './records.ts'

const ACCOUNTS_AT_ONCE = 4

/** Reasons that are told apart, and records that are named for each. */
const MOST_REASONS = 100
const OTHER = 'other reasons'

export interface Reason {
  reason: string
  count: number
  /** Some of the records: URI and CID. */
  examples: { uri: string; cid: string }[]
}

export interface CheckResult {
  /** That were looked at. */
  accounts: number
  records: number
  failing: number
  /** The most frequent first. */
  reasons: Reason[]
  /** Accounts that could not be read, and why. */
  unread: { did: string; why: string }[]
}

export interface CheckOptions {
  host: HostClient
  /** Reads what is not public, too; without: active accounts only. */
  operator: HostClient | undefined
  collection: string
  judge: Judge
  /** Records that are named for each reason. */
  examples: number
  /** Told after each page, of what was looked at until then. */
  onProgress(result: CheckResult, records: number): void
}

/** Reads every record of a collection once, some accounts at a time. */
export async function checkRecords(options: CheckOptions): Promise<CheckResult> {
  const { host, operator, collection } = options
  const tally = new Tally(options)
  const read = async (did: string, pages: AsyncIterable<FoundRecord[]>) => {
    try {
      for await (const page of pages) tally.add(page)
      tally.result.accounts++
    } catch (error) {
      // It went, or was hidden, meanwhile; or its repository is damaged.
      if (!(error instanceof RefusedError || error instanceof RepositoryError)) throw error
      tally.result.unread.push({ did, why: error.message })
    }
  }
  for await (const dids of inBatches(accountsWith(host, collection))) {
    await forEachOf(dids, ACCOUNTS_AT_ONCE, (did) => read(did, pagesOf(host, did, collection)))
  }
  if (operator) {
    for await (const did of hiddenAccounts(operator)) {
      await read(did, recordsInRepository(operator, did, collection))
    }
  }
  tally.result.reasons.sort((a, b) => b.count - a.count)
  return tally.result
}

/** Adds up what was found. */
class Tally {
  readonly result: CheckResult = { accounts: 0, records: 0, failing: 0, reasons: [], unread: [] }
  readonly #options: CheckOptions

  constructor(options: CheckOptions) {
    this.#options = options
  }

  add(page: readonly FoundRecord[]): void {
    for (const record of page) {
      const reason = this.#options.judge(record.rkey, record.value)
      if (reason !== undefined) this.#fail(reason, record)
    }
    this.result.records += page.length
    this.#options.onProgress(this.result, page.length)
  }

  #fail(why: string, { uri, cid }: FoundRecord): void {
    const { reasons } = this.result
    this.result.failing++
    const wanted = reasons.length < MOST_REASONS ? why : OTHER
    let reason = reasons.find((one) => one.reason === why || one.reason === wanted)
    if (!reason) {
      reason = { reason: wanted, count: 0, examples: [] }
      reasons.push(reason)
    }
    reason.count++
    if (reason.examples.length < this.#options.examples) reason.examples.push({ uri, cid })
  }
}

async function* inBatches<T>(items: AsyncIterable<T>, size = 100): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
