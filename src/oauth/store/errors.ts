/** XRPC errors of this host as errors of the provider, which its pages know how to show. */
import {
  HandleUnavailableError,
  InvalidGrantError,
  InvalidRequestError,
  OAuthError,
} from '@atproto/oauth-provider/errors'
import { XRPCError } from '@atproto/xrpc-server'

/** Does something that refuses with XRPC errors. @throws OAuthError for what the user is to be told */
export async function toOAuthErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toOAuthError(error)
  }
}

/** An error of this host as the provider knows it; what is not for the user stays as it is. */
export function toOAuthError(error: unknown): unknown {
  if (!(error instanceof XRPCError)) return error
  const { message, statusCode, error: name } = error
  if (statusCode >= 500) return error
  const reason = handleReason(name, message)
  if (reason) return new HandleUnavailableError(reason, message, error)
  if (name === 'InvalidGrant') return new InvalidGrantError(message, error)
  if (statusCode === 429) return new OAuthError('temporarily_unavailable', message, 429, error)
  return new InvalidRequestError(message, error)
}

/** Why a handle cannot be had, as the pages explain it. */
function handleReason(name: string | undefined, message: string) {
  if (name === 'HandleNotAvailable') return message === 'Reserved handle' ? 'reserved' : 'taken'
  if (name === 'UnsupportedDomain') return 'unsupported'
  if (message === 'External handle did not resolve to DID') return 'resolution'
  if (name !== 'InvalidHandle') return undefined
  return message.startsWith('Handle TLD') ? 'domain' : 'syntax'
}
