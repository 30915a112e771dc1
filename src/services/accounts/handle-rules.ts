/** Which handles an account of this host may have (handle specification; the rest is this host's choice). */
import { isValidHandle, isValidTld, normalizeHandle } from '@atproto/syntax'
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { HandleRule, RuledName } from '../../storage/directory/handle-rules.ts'
import type { AccountDependencies } from './dependencies.ts'
import { isReserved } from './reserved-handles.ts'

const MIN_NAME = 3
const MAX_NAME = 18

export interface HandleRules {
  /** The account's DID, if it has one: only then may the handle be of a foreign domain. */
  did?: string
  /** The operator may give out reserved names, short ones and long ones. */
  byOperator?: boolean
}

/**
 * Checks a handle that somebody wants, and brings it into its normal form. A handle of another domain must
 * lead to the account's DID already, which is asked for anew.
 *
 * @throws InvalidRequestError `InvalidHandle`, `UnsupportedDomain`, `HandleNotAvailable` (reserved)
 */
export async function checkHandle(
  dependencies: AccountDependencies,
  input: string,
  { did, byOperator = false }: HandleRules = {},
): Promise<string> {
  const handle = normalize(input)
  // Not even the operator's: whoever has it speaks for the host, or for a service that the host trusts.
  if (dependencies.operatorNames.hasHandle(handle)) {
    throw new InvalidRequestError('Reserved handle', 'HandleNotAvailable')
  }
  const { handleDomains } = dependencies.config
  const domain = handleDomainOf(handle, handleDomains)
  if (domain) {
    await checkName(dependencies, handle.slice(0, -domain.length), byOperator)
    return handle
  }
  if (!isValidTld(handle)) {
    throw new InvalidRequestError('Handle TLD is invalid or disallowed', 'InvalidHandle')
  }
  if (did === undefined) {
    throw new InvalidRequestError(
      `Handles on this host end in ${handleDomains.join(' or ')}`,
      'UnsupportedDomain',
    )
  }
  const resolved = await dependencies.identity.handle(handle, { fresh: true })
  if (resolved !== did) {
    throw new InvalidRequestError('External handle did not resolve to DID', 'InvalidHandle')
  }
  return handle
}

/** The domain of this host that a handle is under: the longest, where one is within another. */
export const handleDomainOf = (handle: string, domains: readonly string[]): string | undefined =>
  domains
    .filter((domain) => handle.endsWith(domain))
    .toSorted((one, other) => other.length - one.length)[0]

/** A page of what the operator has said of names. */
const PAGE = 1000

/**
 * The operator reserves a name under the domains of this host, or frees one that is reserved by default; null: as it is
 * by default. Whoever has it keeps it.
 *
 * @throws InvalidRequestError
 */
export async function setHandleRule(
  { objects }: Pick<AccountDependencies, 'objects'>,
  typed: string,
  rule: HandleRule | null,
): Promise<void> {
  const name = typed.trim().toLowerCase()
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    throw new InvalidRequestError(
      'A name is one label, without the domain: letters, digits, hyphens',
    )
  }
  await objects.directory.handleRules.set(name, rule ?? undefined)
}

/** What the operator has said, in order of the names. */
export const listHandleRules = (
  { objects }: Pick<AccountDependencies, 'objects'>,
  after?: string,
): Promise<RuledName[]> => objects.directory.handleRules.list(PAGE, after)

/** @throws InvalidRequestError `InvalidHandle` */
function normalize(input: string): string {
  if (!isValidHandle(input)) {
    throw new InvalidRequestError(`Invalid handle: ${input}`, 'InvalidHandle')
  }
  return normalizeHandle(input)
}

/** The part before a domain of this host: one label, since certificates cover one level. */
async function checkName(
  { objects }: Pick<AccountDependencies, 'objects'>,
  name: string,
  byOperator: boolean,
): Promise<void> {
  if (name.includes('.')) {
    throw new InvalidRequestError('Invalid characters in handle', 'InvalidHandle')
  }
  if (byOperator) return
  if (name.length < MIN_NAME) throw new InvalidRequestError('Handle too short', 'InvalidHandle')
  if (name.length > MAX_NAME) throw new InvalidRequestError('Handle too long', 'InvalidHandle')
  const rule = await objects.directory.handleRules.find(name)
  const isTaken = rule === undefined ? isReserved(name) : rule === 'reserved'
  if (isTaken) throw new InvalidRequestError('Reserved handle', 'HandleNotAvailable')
}
