/** Rows of an account for a host that has another PDS_KEY_SECRET. */
import { decrypt } from '../../src/kernel/crypto/encrypt.ts'
import {
  bytesIn,
  changeDump,
  type Dump,
  type DumpValue,
  rowsOf,
} from '../../src/services/backup/dump.ts'

/** Tables whose rows a restore makes from something else: they are not sent. */
const NOT_SENT: ReadonlySet<string> = new Set(['head', 'blob'])

/** What is encrypted in which column, and for what. */
const SEALED = [
  ['account', 'signing_key', 'signing key'],
  ['totp', 'secret', 'authenticator app'],
  ['recovery_code_key', 'sealed', 'recovery code keys'],
] as const

/** Rows as a restore sends them to a host with the same secret. */
export const rowsToSend = (dump: Dump): string =>
  changeDump(dump.text, (table, row) => (NOT_SENT.has(table) ? undefined : row))

/**
 * The same for a host with another secret: keys are decrypted, for that host to encrypt them again. Recovery codes that have no
 * keys of their own, as those of earlier releases, are left out: they are hashed under the secret itself.
 *
 * @param keySecrets of the host that the backup is of: two, where one was taking the place of the other
 * @throws DecryptionError when it is another one
 */
export async function rekeyedRows(dump: Dump, keySecrets: readonly string[]): Promise<string> {
  const hasCodeKeys = !rowsOf(dump, 'recovery_code_key').next().done
  const plain = new Map<string, DumpValue>()
  for (const [table, column, purpose] of SEALED) {
    for (const row of rowsOf(dump, table)) {
      const value = row[column] ?? null
      if (value === null) continue
      const bytes = await decrypt(keySecrets, purpose, bytesIn(value))
      plain.set(JSON.stringify(value), {
        seal: purpose,
        b: Buffer.from(bytes).toString('base64'),
      })
    }
  }
  return changeDump(dump.text, (table, row) => {
    if (NOT_SENT.has(table) || (table === 'recovery_code' && !hasCodeKeys)) return undefined
    const changed = { ...row }
    for (const [of, column] of SEALED) {
      const value = plain.get(JSON.stringify(row[column] ?? null))
      if (of === table && value !== undefined) changed[column] = value
    }
    if (table === 'account') changed.next_signing_key = null
    return changed
  })
}
