/** createAccount on either server. */
import { ADMIN_PASSWORD, PASSWORD, type ServerName } from '../servers/server.ts'
import type { Call } from './client.ts'

/** The new account's DID: made in the PLC directory, or the did:web of its handle, hosted by Cumulus. */
export type DidKind = 'plc' | 'web'

/** Cumulus is asked by its operator, who needs no invitation; the reference asks nobody for one here. */
export function newAccount(server: ServerName, handle: string, kind: DidKind): Call {
  const credentials = Buffer.from(`admin:${ADMIN_PASSWORD}`).toString('base64')
  return {
    method: 'com.atproto.server.createAccount',
    headers: server === 'cumulus' ? { authorization: `Basic ${credentials}` } : {},
    input: {
      handle,
      email: `${handle.split('.')[0]}@example.com`,
      password: PASSWORD,
      ...(kind === 'web' ? { did: `did:web:${handle}` } : {}),
    },
  }
}
