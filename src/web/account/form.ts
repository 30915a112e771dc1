/** Reads what forms and scripts send. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { PageContext } from './page-env.ts'

/** A field of a form; empty when it is not there. */
export async function field(c: PageContext, name: string): Promise<string> {
  const value = (await c.req.parseBody())[name]
  return typeof value === 'string' ? value : ''
}

/** The JSON that the script sends. @throws InvalidRequestError */
export async function jsonBody(c: PageContext): Promise<Readonly<Record<string, unknown>>> {
  const body: unknown = await c.req.json().catch(() => undefined)
  if (!body || typeof body !== 'object') throw new InvalidRequestError('Expected a JSON object')
  return body as Record<string, unknown>
}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
