import { InvalidRequestError } from '@atproto/xrpc-server'

/** RFC 5321, 4.5.3.1.3: a path has at most 256 octets, brackets included. */
const MAX_LENGTH = 254

/** Something, an @, and a domain with a dot: whether it is somebody's is found out by writing to it. */
const FORM = /^[^\s@"<>(),:;\\[\]]+@[^\s@.]+(\.[^\s@.]+)+$/

/**
 * Checks an address and brings it into its normal form.
 *
 * @returns null when there is none and none is required. @throws InvalidRequestError
 */
export function checkEmail(input: string | undefined): string
export function checkEmail(input: string | undefined, options: { required: boolean }): string | null
export function checkEmail(input: string | undefined, { required = true } = {}): string | null {
  const email = input?.trim().toLowerCase()
  if (!email) {
    if (required) throw new InvalidRequestError('Email is required')
    return null
  }
  if (email.length > MAX_LENGTH || !FORM.test(email)) {
    throw new InvalidRequestError(
      'This email address is not supported, please use a different email.',
    )
  }
  return email
}
