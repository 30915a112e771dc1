import { XRPCError } from '@atproto/xrpc-server'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { AccountList } from '../../storage/directory/account-list.ts'
import type { Job } from '../scheduler.ts'

/** Accounts asked in one run, and how many of them at once. */
const BATCH = 500
const AT_ONCE = 20

/** Between two runs, in ms: time for the accounts to answer. */
const PAUSE = 5_000

/**
 * Asks accounts to tell what the lists show (`src/durable/account/facts.ts`): those that were made by an earlier release,
 * which have never told it.
 */
export class AskAccounts implements Job {
  readonly name = 'ask accounts for what lists show'
  readonly #list: AccountList
  readonly #objects: Pick<HostObjects, 'account'>
  /** DID of the last one that was asked, so that one that does not answer holds up nobody. */
  #last = ''

  constructor(list: AccountList, objects: Pick<HostObjects, 'account'>) {
    this.#list = list
    this.#objects = objects
  }

  isNeeded(): boolean {
    return this.#list.unasked(1).length > 0
  }

  async run(): Promise<void> {
    const dids = this.#list.unasked(BATCH, this.#last)
    this.#last = dids.length < BATCH ? '' : (dids.at(-1) ?? '')
    for (let from = 0; from < dids.length; from += AT_ONCE) {
      await Promise.all(dids.slice(from, from + AT_ONCE).map((did) => this.#ask(did)))
    }
  }

  repeatAfter(): number | undefined {
    return this.isNeeded() ? PAUSE : undefined
  }

  async #ask(did: string): Promise<void> {
    try {
      await this.#objects.account(did).profile.tellFacts()
    } catch (error) {
      if (!(error instanceof XRPCError)) throw error
      // The account is gone, or was never completed: there is nothing to be told.
      this.#list.setFacts(did, {
        status: 'deactivated',
        deactivatedAt: null,
        email: null,
        emailConfirmedAt: null,
        hasFactor: false,
        storedBytes: 0,
        attention: `its object has no account: ${error.message}`,
      })
    }
  }
}
