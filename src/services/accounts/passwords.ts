import { createHash } from 'node:crypto'
import { InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import { typedIdentifier } from '../../kernel/typed-text.ts'
import type { HostObjects } from '../objects/stubs.ts'
import type { AccountLookup } from './account-lookup.ts'

const MIN_LENGTH = 8
const MAX_LENGTH = 256

/**
 * Checks a password that somebody has chosen.
 *
 * @throws InvalidRequestError `InvalidPassword`
 */
export function checkPassword(password: string | undefined): string {
  if (password === undefined) {
    throw new InvalidRequestError('A password is required', 'InvalidPassword')
  }
  if (password.length < MIN_LENGTH || password.length > MAX_LENGTH) {
    throw new InvalidRequestError(
      `Passwords have ${MIN_LENGTH} to ${MAX_LENGTH} characters`,
      'InvalidPassword',
    )
  }
  return password
}

/** Longer passwords are wrong without being hashed. */
const MAX_TRIED_LENGTH = 512

/** How long a failed attempt takes at least, in ms. */
const MIN_FAILURE_TIME = 350

/** Objects that do the work for names that nobody has. */
const STAND_INS = 4

/** What trying a password needs. */
export interface TryDependencies {
  readonly objects: Pick<HostObjects, 'account'>
  readonly lookup: Pick<AccountLookup, 'findByIdentifier'>
  /**
   * Counts a try for the client's network. Where there were too many, the right password is as good as a wrong one.
   *
   * @param subject DID of the account, or the name that nobody has
   */
  countTry(subject: string): Promise<boolean>
}

/**
 * Tries a password on the account that `identifier` names. Whether there is one shows neither in the answer nor in
 * the time: the same work is done for a name that nobody has, and a failure takes `MIN_FAILURE_TIME` at least.
 *
 * @param identifier handle, with or without an @, DID or e-mail address
 * @param attempt asks the account's object; what it returns is nothing when the password is wrong
 * @param options.apps whether `attempt` takes app passwords
 * @returns undefined when the password is wrong or nobody has the name
 * @throws XRPCError as `attempt`
 */
export async function tryPassword<T>(
  { objects, lookup, countTry }: TryDependencies,
  { identifier, password, apps }: { identifier: string; password: string; apps?: boolean },
  attempt: (did: string) => Promise<T | null>,
): Promise<{ did: string; result: T & {} } | undefined> {
  const started = Date.now()
  if (password.length <= MAX_TRIED_LENGTH) {
    const found = await lookup.findByIdentifier(identifier)
    const mayTry = await countTry(found?.did ?? typedIdentifier(identifier))
    if (found && mayTry) {
      const { did } = found
      const result = await attempt(did).catch(nothingIfGone)
      if (result) return { did, result }
    } else {
      const { object, key } = standInFor(identifier)
      await objects.account(object).passwords.pretend(password, { apps, key })
    }
  }
  await scheduler.wait(Math.max(0, started + MIN_FAILURE_TIME - Date.now()))
  return undefined
}

/** An account that was deleted a moment ago is as good as unknown. */
function nothingIfGone(error: unknown): null {
  if (error instanceof XRPCError && error.customErrorName === 'RepoNotFound') return null
  throw error
}

/**
 * The object, whose name is no DID, and the key in the queue of hashes: the same for the same name, as guesses at one
 * account wait for each other, too; but no key for several names, or a full queue would refuse nobody's names only.
 */
function standInFor(identifier: string): { object: string; key: string } {
  const digest = createHash('sha256').update(typedIdentifier(identifier)).digest()
  return { object: `stand-in ${digest.readUInt8(0) % STAND_INS}`, key: digest.toString('hex') }
}
