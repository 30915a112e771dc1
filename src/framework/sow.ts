/** Makes on a host what seeds say. Runs in Node and in workerd. */
import { CallError, type Send, writeRecord } from './host-client.ts'
import type { SeedAccount, SeedRecords, Seeds, Sower } from './seeds.ts'

/** The host that seeds are for. */
export interface SeedHost {
  send: Send
  /** The operator's. */
  adminPassword: string
  /** Of the accounts. */
  password: string
  /** What the identities are: `did:web` needs no directory. */
  didMethod?: 'plc' | 'web'
}

/** @returns how much was made or written */
export async function sow(
  all: Seeds,
  host: SeedHost,
): Promise<{ accounts: number; records: number }> {
  const written = new Map<string, number>()
  const accounts = new Map<string, SeedAccount>()
  let records = 0
  const sower: Sower = {
    async account(name) {
      const made = accounts.get(name) ?? (await accountOf(host, name))
      accounts.set(name, made)
      return made
    },
    async record(account, collection, record, { rkey } = {}) {
      const place = `${account.did}/${collection}`
      const count = written.get(place) ?? 0
      if (rkey === undefined) written.set(place, count + 1)
      records++
      return writeRecord(host.send, account, collection, record, rkey ?? keyOf(count))
    },
  }
  if (typeof all === 'function') await all(sower)
  else await sowData(all, sower)
  return { accounts: accounts.size, records }
}

async function sowData(
  all: Readonly<Record<string, SeedRecords>>,
  { account, record }: Sower,
): Promise<void> {
  for (const [name, collections] of Object.entries(all)) {
    const owner = await account(name)
    for (const [collection, records] of Object.entries<readonly unknown[]>({ ...collections })) {
      for (const one of records) await record(owner, collection as never, one as never)
    }
  }
}

/** The one that is there, or a new one. @throws CallError */
async function accountOf(host: SeedHost, name: string): Promise<SeedAccount> {
  const handle = name.includes('.') ? name : `${name}${await domainOf(host.send)}`
  const { adminPassword, password, didMethod = 'plc' } = host
  const did = didMethod === 'web' ? `did:web:${handle}` : undefined
  const authorization = `Basic ${btoa(`admin:${adminPassword}`)}`
  const create = 'com.atproto.server.createAccount'
  try {
    return await post(host.send, create, { handle, did, password }, { authorization })
  } catch (error) {
    if (!(error instanceof CallError && error.error === 'HandleNotAvailable')) throw error
    const identifier = handle
    return post(host.send, 'com.atproto.server.createSession', { identifier, password })
  }
}

async function domainOf(send: Send): Promise<string> {
  const answer = await send('/xrpc/com.atproto.server.describeServer')
  const { availableUserDomains: [first = ''] = [] }: { availableUserDomains?: string[] } =
    await answer.json()
  return first
}

async function post(
  send: Send,
  nsid: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<SeedAccount> {
  const response = await send(`/xrpc/${nsid}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer: SeedAccount & { error?: string; message?: string } = await response.json()
  if (response.ok) return answer
  const { error = 'Unknown', message = '' } = answer
  throw new CallError(nsid, response.status, error, message)
}

const ALPHABET = '234567abcdefghijklmnopqrstuvwxyz'
/** 2024-01-01, in µs. */
const FIRST = 1_704_067_200_000_000n

/** The key of the record of that number: a TID (atproto specification, Record Keys), older than any that a host makes. */
function keyOf(count: number): string {
  let value = (FIRST + BigInt(count) * 1_000_000n) << 10n
  let key = ''
  for (let digit = 0; digit < 13; digit++) {
    key = (ALPHABET[Number(value & 31n)] ?? '') + key
    value >>= 5n
  }
  return key
}
