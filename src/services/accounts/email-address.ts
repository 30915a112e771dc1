import { InvalidRequestError } from '@atproto/xrpc-server'
import { isEmailValid } from '@hapi/address'
import { typedText } from '../../kernel/typed-text.ts'

/**
 * Checks the form of an address (RFC 5321 without quotes and IP addresses, RFC 6531) and brings it into its normal
 * one. Whether it is somebody's is found out by writing to it.
 *
 * @returns null when there is none and none is required. @throws InvalidRequestError
 */
export function checkEmail(input: string | undefined): string
export function checkEmail(input: string | undefined, options: { required: boolean }): string | null
export function checkEmail(input: string | undefined, { required = true } = {}): string | null {
  const email = input && typedText(input).toLowerCase()
  if (!email) {
    if (required) throw new InvalidRequestError('Email is required')
    return null
  }
  if (!isEmailValid(email)) {
    throw new InvalidRequestError(
      'This email address is not supported, please use a different email.',
    )
  }
  return email
}
