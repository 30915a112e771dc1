import { InvalidRequestError } from '@atproto/xrpc-server'

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
