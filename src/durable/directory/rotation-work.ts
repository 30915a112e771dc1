/** What is changed where one secret takes the place of another. */
import { XRPCError } from '@atproto/xrpc-server'
import type { Config } from '../../kernel/config/config.ts'
import { type KeySecrets, keySecrets } from '../../kernel/config/secret-settings.ts'
import { DecryptionError, decrypt, encrypt, rewrap } from '../../kernel/crypto/encrypt.ts'
import { RESERVED_KEY } from '../../services/accounts/reserve-signing-key.ts'
import { type PlcDirectory, PlcError } from '../../services/identity/plc.ts'
import { normalizeOperation } from '../../services/identity/plc-operation.ts'
import type { HostObjects } from '../../services/objects/stubs.ts'
import type { Accounts } from '../../storage/directory/accounts.ts'
import type { MailQueue } from '../../storage/directory/mail-queue.ts'
import type { Mailings } from '../../storage/directory/mailings.ts'
import type { ReleasedNames } from '../../storage/directory/released-names.ts'
import type { ReservedKeys } from '../../storage/directory/reserved-keys.ts'
import type { SecretRotationStore } from '../../storage/directory/secret-rotations.ts'
import { QUEUED_MAIL } from './mail-sender.ts'
import type { RotationWork } from './rotation-job.ts'

/** Rows that are read at once. */
const PAGE = 100

/** Older secrets that are kept, the newest first. */
const MAX_OLDER = 20

const OLDER_SECRETS = 'older key secrets'

interface KeyParts {
  config: KeySecrets
  objects: Pick<HostObjects, 'account'>
  store: SecretRotationStore
  released: ReleasedNames
  queue: MailQueue
  mailings: Mailings
  keys: ReservedKeys
}

/** Everything that is encrypted under PDS_KEY_SECRET is encrypted anew: what accounts have, and what the directory has. */
export function rewrapKeys(parts: KeyParts): RotationWork {
  const { config, objects } = parts
  return {
    name: 'key',
    isPossible: config.otherKeySecret !== undefined,
    atOnce: 20,
    begin: () => rewrapDirectory(parts),
    async change(did) {
      return (await objects.account(did).keys.rewrap()) ? 'changed' : 'nothing'
    },
  }
}

async function rewrapDirectory(parts: KeyParts): Promise<boolean> {
  const { config, store, released, queue, mailings, keys } = parts
  const secrets = keySecrets(config)
  const done = [
    await rewrapRows(secrets, QUEUED_MAIL, queue, (after) => queue.sealed(PAGE, after)),
    await rewrapRows(secrets, QUEUED_MAIL, mailings, (after) => (after ? [] : mailings.sealed())),
    await rewrapRows(secrets, RESERVED_KEY, keys, (after) => keys.sealed(PAGE, after)),
  ]
  const older = await openOlderSecrets(store, config)
  const { keySecret, otherKeySecret } = config
  const isNews = otherKeySecret !== undefined && !older.includes(otherKeySecret)
  // Marks cannot be made anew: what they are of is not stored.
  if (isNews && released.hasAny()) {
    const all = [otherKeySecret, ...older].filter((one) => one !== keySecret).slice(0, MAX_OLDER)
    store.putOlderKeySecrets(
      await encrypt(keySecret, OLDER_SECRETS, Buffer.from(JSON.stringify(all))),
    )
    return true
  }
  const sealed = store.olderKeySecrets()
  const renewed = sealed && (await rewrap(secrets, OLDER_SECRETS, sealed))
  if (renewed) store.putOlderKeySecrets(renewed)
  return renewed !== undefined || done.includes(true)
}

/** Secrets before the present one, under which names are marked. None where they cannot be read. */
export async function openOlderSecrets(
  store: SecretRotationStore,
  config: KeySecrets,
): Promise<string[]> {
  const sealed = store.olderKeySecrets()
  if (!sealed) return []
  try {
    const bytes = await decrypt(keySecrets(config), OLDER_SECRETS, sealed)
    return JSON.parse(Buffer.from(bytes).toString()) as string[]
  } catch (error) {
    // The host does not start with such a secret; what it answers to nobody is of no use.
    if (error instanceof DecryptionError) return []
    throw error
  }
}

interface Rows {
  rewrap(id: string, before: Uint8Array, sealed: Uint8Array): void
}

async function rewrapRows(
  secrets: readonly string[],
  purpose: string,
  table: Rows,
  page: (after: string) => { id: string; sealed: Uint8Array }[],
): Promise<boolean> {
  let isChanged = false
  for (let rows = page(''); rows.length > 0; rows = page(rows.at(-1)?.id ?? '')) {
    for (const { id, sealed } of rows) {
      const renewed = await rewrap(secrets, purpose, sealed).catch((error: unknown) => {
        // Under neither of them, it could be read by nobody before either.
        if (error instanceof DecryptionError) return undefined
        throw error
      })
      if (!renewed) continue
      table.rewrap(id, sealed, renewed)
      isChanged = true
    }
  }
  return isChanged
}

interface PlcParts {
  config: Pick<Config, 'otherPlcRotationKey'>
  plc: PlcDirectory
  accounts: Pick<Accounts, 'byDid'>
  /** Whether somebody waits for approval, whose identity is made then. */
  isQueued(did: string): boolean
}

/** The rotation key is replaced in every did:plc that names the one before; other keys and their order stay. */
export function replaceRotationKeys({ config, plc, accounts, isQueued }: PlcParts): RotationWork {
  return {
    name: 'plc',
    isPossible: config.otherPlcRotationKey !== undefined,
    // The directory counts requests.
    atOnce: 2,
    begin: async () => false,
    async change(did) {
      if (!did.startsWith('did:plc:')) return 'nothing'
      try {
        const last = await plc.lastOp(did)
        if (last.type === 'plc_tombstone') return 'nothing'
        const [, former = ''] = plc.ownDidKeys()
        if (!normalizeOperation(last).rotationKeys.includes(former)) return 'nothing'
        await plc.update(did, (state) => state)
        return 'changed'
      } catch (error) {
        if (!(error instanceof XRPCError)) throw error
        if (!(error instanceof PlcError) || error.plcStatus !== 404) throw error
        // It was made with the key of before, and is not published yet.
        const isToCome = isQueued(did) || accounts.byDid(did) === undefined
        return isToCome ? 'waiting' : 'nothing'
      }
    },
  }
}
