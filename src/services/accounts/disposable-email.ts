/** Addresses that are given out for a moment: of no use to whoever has to reach an account's owner. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { Config } from '../../kernel/config/config.ts'

/**
 * Refuses an address at a domain that is known for such, or below one; in the words of the reference PDS.
 *
 * @param email as `checkEmail` gives it
 * @throws InvalidRequestError
 */
export async function assertLastingEmail(
  email: string | null,
  { signUps }: Pick<Config, 'signUps'>,
): Promise<void> {
  if (email === null || !signUps.refuseDisposableEmail) return
  const domain = email.slice(email.lastIndexOf('@') + 1)
  if (!(await isDisposable(domain, signUps.emailDomainsAllowed))) return
  throw new InvalidRequestError(
    'This email address is not supported, please use a different email.',
  )
}

async function isDisposable(domain: string, allowed: readonly string[]): Promise<boolean> {
  // Some 9,000 names, each on a line of its own. Looking through them takes less than a set of them takes to be made.
  const { default: known } = await import('./disposable-domains.txt')
  const labels = domain.split('.')
  for (let from = 0; from < labels.length - 1; from++) {
    const name = labels.slice(from).join('.')
    if (allowed.includes(name)) return false
    if (known.includes(`\n${name}\n`)) return true
  }
  return false
}
