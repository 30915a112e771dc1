/** Rows of an account for a host that has another PDS_KEY_SECRET. */
import { decrypt } from '../../src/kernel/crypto/encrypt.ts'
import { bytesIn, changeDump, type Dump, type DumpValue, rowsOf } from './dump.ts'

/** Tables whose rows a restore makes from something else: they are not sent. */
const NOT_SENT: ReadonlySet<string> = new Set(['head', 'blob'])

/** What is encrypted in which column, and for what. */
const SEALED = [
  ['account', 'signing_key', 'signing key'],
  ['totp', 'secret', 'authenticator app'],
] as const

/** Rows as a restore sends them to a host with the same secret. */
export const rowsToSend = (dump: Dump): string =>
  changeDump(dump.text, (table, row) => (NOT_SENT.has(table) ? undefined : row))

/**
 * The same for a host with another secret: keys are decrypted, for that host to encrypt them again. Recovery codes are
 * left out: what is stored of them cannot be read.
 *
 * @param keySecret of the host that the backup is of
 * @throws DecryptionError when it is another one
 */
export async function rekeyedRows(dump: Dump, keySecret: string): Promise<string> {
  const plain = new Map<string, DumpValue>()
  for (const [table, column, purpose] of SEALED) {
    for (const row of rowsOf(dump, table)) {
      const value = row[column] ?? null
      if (value === null) continue
      const bytes = await decrypt(keySecret, purpose, bytesIn(value))
      plain.set(JSON.stringify(value), {
        seal: purpose,
        b: Buffer.from(bytes).toString('base64'),
      })
    }
  }
  return changeDump(dump.text, (table, row) => {
    if (NOT_SENT.has(table) || table === 'recovery_code') return undefined
    const changed = { ...row }
    for (const [of, column] of SEALED) {
      const value = plain.get(JSON.stringify(row[column] ?? null))
      if (of === table && value !== undefined) changed[column] = value
    }
    if (table === 'account') changed.next_signing_key = null
    return changed
  })
}
