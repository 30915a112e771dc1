/** Addresses that are given out for a moment: of no use to whoever has to reach an account's owner. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import domains from '#disposable-email-domains'
import type { Config } from '../../kernel/config/config.ts'

/** Made when it is first needed: some 9,000 names. */
let known: ReadonlySet<string> | undefined

/**
 * Refuses an address at a domain that is known for such, or below one; in the words of the reference PDS.
 *
 * @param email as `checkEmail` gives it
 * @throws InvalidRequestError
 */
export function assertLastingEmail(
  email: string | null,
  { signUps }: Pick<Config, 'signUps'>,
): void {
  if (email === null || !signUps.refuseDisposableEmail) return
  if (!isDisposable(email.slice(email.lastIndexOf('@') + 1), signUps.emailDomainsAllowed)) return
  throw new InvalidRequestError(
    'This email address is not supported, please use a different email.',
  )
}

function isDisposable(domain: string, allowed: readonly string[]): boolean {
  known ??= new Set<string>(domains)
  const labels = domain.split('.')
  for (let from = 0; from < labels.length - 1; from++) {
    const name = labels.slice(from).join('.')
    if (allowed.includes(name)) return false
    if (known.has(name)) return true
  }
  return false
}
