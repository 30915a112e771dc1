/** Makes accounts on this host. */
import { isValidHandle, normalizeHandle } from '@atproto/syntax'
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { App } from '../app.ts'
import { unwrap } from '../durable/outcome.ts'

export interface NewAccountRequest {
  handle: string
  email?: string
  password: string
}

const MIN_PASSWORD_LENGTH = 8
const MAX_PASSWORD_LENGTH = 256

/**
 * Makes an account with a did:web under one of this host's handle domains, which needs nobody else
 * and therefore works offline. First the names are reserved, then the account is made, then it can be
 * found: what fails on the way leaves nothing behind but a reservation that lapses.
 *
 * @throws InvalidRequestError `InvalidHandle`, `UnsupportedDomain`, `HandleNotAvailable`,
 *   `InvalidPassword`
 */
export async function createAccount(
  app: App,
  request: NewAccountRequest,
): Promise<{ did: string; handle: string }> {
  const handle = checkHandle(request.handle, app.config.handleDomains)
  checkPassword(request.password)
  const did = `did:web:${handle}`
  const email = request.email?.trim().toLowerCase() ?? null
  unwrap(await app.directory.reserve({ did, handle, email }))
  const made = await app.account(did).create({ did, handle, email, password: request.password })
  if (!made.ok) await app.directory.release(did)
  unwrap(made)
  await app.directory.confirm({ did, handle })
  return { did, handle }
}

/** A handle under a domain of this host: one label of 3 to 18 characters before it. */
export function checkHandle(input: string, domains: readonly string[]): string {
  if (!isValidHandle(input))
    throw new InvalidRequestError(`Invalid handle: ${input}`, 'InvalidHandle')
  const handle = normalizeHandle(input)
  const domain = domains.find((candidate) => handle.endsWith(candidate))
  if (!domain) {
    throw new InvalidRequestError(
      `Handles on this host end in ${domains.join(' or ')}`,
      'UnsupportedDomain',
    )
  }
  const label = handle.slice(0, -domain.length)
  if (label.includes('.')) {
    throw new InvalidRequestError('Invalid characters in handle', 'InvalidHandle')
  }
  if (label.length < 3) throw new InvalidRequestError('Handle too short', 'InvalidHandle')
  if (label.length > 18) throw new InvalidRequestError('Handle too long', 'InvalidHandle')
  return handle
}

function checkPassword(password: string): void {
  if (password.length < MIN_PASSWORD_LENGTH || password.length > MAX_PASSWORD_LENGTH) {
    throw new InvalidRequestError(
      `Passwords have ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters`,
      'InvalidPassword',
    )
  }
}
