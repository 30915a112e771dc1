/** Accounts on a real server, made by its operator. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestServer } from './server.ts'

export interface MadeAccount {
  did: string
  handle: string
  accessJwt: string
}

/** What is asked of a server here. */
type Host = Pick<TestServer, 'origin' | 'dataDirectory'>

let made = 0

type Method = 'did:web' | 'did:plc'

/** Makes `count` accounts, a few at a time; a did:plc takes a host with a PLC directory. */
export async function makeAccounts(
  server: Host,
  count: number,
  method: Method = 'did:web',
): Promise<MadeAccount[]> {
  const accounts: MadeAccount[] = []
  while (accounts.length < count) {
    const some = Math.min(4, count - accounts.length)
    accounts.push(
      ...(await Promise.all(Array.from({ length: some }, () => makeAccount(server, method)))),
    )
  }
  return accounts
}

async function makeAccount(server: Host, method: Method): Promise<MadeAccount> {
  const handle = `user${made++}.test`
  const response = await fetch(`${server.origin}/xrpc/com.atproto.server.createAccount`, {
    method: 'POST',
    headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
    body: JSON.stringify({
      handle,
      did: method === 'did:web' ? `did:web:${handle}` : undefined,
      password: `password of ${handle}`,
    }),
  })
  if (!response.ok) throw new Error(`could not make ${handle}: ${await response.text()}`)
  return (await response.json()) as MadeAccount
}

/** The operator's password, which `npm start` made up. */
export function passwordOf({ dataDirectory }: Host): string {
  const secrets = JSON.parse(readFileSync(join(dataDirectory, 'secrets.json'), 'utf8'))
  return String(secrets.PDS_ADMIN_PASSWORD)
}

/** The operator's credentials. */
export const operatorOf = (server: Host): string =>
  `Basic ${Buffer.from(`admin:${passwordOf(server)}`).toString('base64')}`
