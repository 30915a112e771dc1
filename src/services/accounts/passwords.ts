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

/** Longer passwords are wrong without being hashed. */
export const MAX_TRIED_LENGTH = 512

/** How long a failed attempt takes at least, in ms. */
const MIN_FAILURE_TIME = 350

/**
 * Waits as long as a failed attempt is to take in all: whether a name is known must not show in the time.
 *
 * @param started when the attempt began, in ms since 1970
 */
export async function failSlowly(started: number): Promise<void> {
  await scheduler.wait(Math.max(0, started + MIN_FAILURE_TIME - Date.now()))
}
