/** Reads what forms and scripts send. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { Services } from '../../context/services.ts'
import type { HostedAccount } from '../../storage/directory/accounts.ts'
import type { PageContext } from './page-env.ts'

/** A field of a form; empty when it is not there. */
export async function field(c: PageContext, name: string): Promise<string> {
  const value = (await c.req.parseBody())[name]
  return typeof value === 'string' ? value : ''
}

/** The JSON that the script sends. @throws InvalidRequestError */
export async function jsonBody(
  c: Pick<PageContext, 'req'>,
): Promise<Readonly<Record<string, unknown>>> {
  const body: unknown = await c.req.json().catch(() => undefined)
  if (!body || typeof body !== 'object') throw new InvalidRequestError('Expected a JSON object')
  return body as Record<string, unknown>
}

/** The account of this host that an operator has typed the handle, DID or address of. @throws InvalidRequestError */
export async function accountNamed(
  typed: string,
  { accounts }: Pick<Services, 'accounts'>,
): Promise<HostedAccount> {
  const found = await accounts.findByIdentifier(typed)
  if (found) return found
  throw new InvalidRequestError(`There is no account ${typed} on this host`)
}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
