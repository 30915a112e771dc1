import { createHmac } from 'node:crypto'
import { JWT_SECRET } from '../servers/server.ts'

/** The access token of one account, made out to another whose session has the same id. */
export function tokenFor(did: string, token: string): string {
  const [header = '', payload = ''] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: did })).toString('base64url')
  const signed = `${header}.${changed}`
  return `${signed}.${createHmac('sha256', JWT_SECRET).update(signed).digest('base64url')}`
}
