/** Keeps a host from working with other secrets than those its accounts were made with. */
import { createHash } from 'node:crypto'
import { XRPCError } from '@atproto/xrpc-server'
import type { Env } from '../../contracts/env.ts'
import { type Config, ConfigError } from '../../kernel/config/config.ts'
import type { LastingSecret } from '../../kernel/config/settings.ts'
import { DecryptionError, decrypt, encrypt } from '../../kernel/crypto/encrypt.ts'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'
import type { Logger } from '../../kernel/log.ts'
import type { SecretFingerprints } from '../../storage/directory/secret-fingerprints.ts'
import { type HostObjects, hostObjects } from './stubs.ts'

type Secrets = Pick<Config, 'jwtSecret' | 'keySecret' | 'plcRotationKey' | 'rotatedSecrets'>

const PURPOSE = 'fingerprints of secrets'

/** Accounts that are tried for a key, where nothing is recorded: one may be on the point of being deleted. */
const TRIED_ACCOUNTS = 5

const checked = new WeakMap<Env, Promise<void>>()

/**
 * Compares the secrets with what was recorded at the host's first request; once per isolate. Data of a release that
 * recorded nothing take the secrets over that their signing keys can be read with.
 *
 * @param log is told of secrets that the operator says to have changed (`rotatedSecrets`)
 * @throws ConfigError that names the secret
 */
export function assertSecrets(env: Env, config: Secrets, log: Logger): Promise<void> {
  let check = checked.get(env)
  if (!check) {
    check = compare(hostObjects(env), config, log)
    checked.set(env, check)
    // What failed is looked at again: the operator may have mended it from another isolate.
    check.catch(() => checked.delete(env))
  }
  return check
}

async function compare(objects: HostObjects, config: Secrets, log: Logger): Promise<void> {
  let recorded = await objects.directory.secrets.recorded()
  // What another isolate records meanwhile is compared in turn.
  for (let round = 0; round < 3; round++) {
    const changed = recorded
      ? await findChanged(recorded, config)
      : await findUnreadable(objects, config)
    const unasked = changed.filter((name) => !config.rotatedSecrets.includes(name))
    if (unasked.length > 0) throw new ConfigError(unasked.map(explain).join('\n'))
    if (recorded && changed.length === 0) return
    const own = await fingerprint(config)
    const stored = await objects.directory.secrets.record(own, recorded)
    if (Buffer.compare(stored.sealed, own.sealed) === 0) {
      for (const name of changed) log.info('a secret was changed on purpose', { name })
      return
    }
    recorded = stored
  }
  throw new ConfigError('Instances of this host with different secrets are starting at once.')
}

/** Which secrets are not those that were recorded. Without the right PDS_KEY_SECRET nothing is known of PDS_JWT_SECRET. */
async function findChanged(
  { rotationKey, sealed }: SecretFingerprints,
  config: Secrets,
): Promise<LastingSecret[]> {
  const changed: LastingSecret[] = []
  try {
    const jwtHash = await decrypt(config.keySecret, PURPOSE, sealed)
    if (Buffer.compare(jwtHash, hashOf(config)) !== 0) changed.push('PDS_JWT_SECRET')
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error
    changed.push('PDS_KEY_SECRET')
  }
  if (rotationDidKey(config) !== rotationKey) {
    changed.push('PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX')
  }
  return changed
}

/** PDS_KEY_SECRET, if the signing key of an account cannot be read with it. */
async function findUnreadable(
  objects: HostObjects,
  { rotatedSecrets }: Secrets,
): Promise<LastingSecret[]> {
  if (rotatedSecrets.includes('PDS_KEY_SECRET')) return []
  for (const { did } of await objects.directory.accounts.list(TRIED_ACCOUNTS)) {
    try {
      return (await objects.account(did).keys.isReadable()) ? [] : ['PDS_KEY_SECRET']
    } catch (error) {
      // It is being deleted.
      if (!(error instanceof XRPCError)) throw error
    }
  }
  return []
}

async function fingerprint(config: Secrets): Promise<SecretFingerprints> {
  const sealed = await encrypt(config.keySecret, PURPOSE, hashOf(config))
  return { rotationKey: rotationDidKey(config), sealed }
}

const hashOf = ({ jwtSecret }: Secrets): Uint8Array =>
  createHash('sha256').update(jwtSecret).digest()

const rotationDidKey = ({ plcRotationKey }: Secrets): string =>
  SigningKey.fromBytes(Buffer.from(plcRotationKey, 'hex')).did()

const CONSEQUENCES: Record<LastingSecret, string> = {
  PDS_KEY_SECRET: 'the signing keys of the accounts cannot be read with it, and nobody can write',
  PDS_JWT_SECRET: 'everybody would be signed out',
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: 'the did:plc identities of the accounts name another',
}

const explain = (name: LastingSecret): string =>
  `${name} is not the one that the data of this host were made with: ${CONSEQUENCES[name]}. Set it to what it was ` +
  '(`npm start` keeps it in secrets.json in the data folder, `npm run dev` in .dev.vars: restore that file from a ' +
  `backup). If it was changed on purpose, or is lost, start once with PDS_ROTATED_SECRETS=${name}, after reading ` +
  'docs/deploy.md, "Changing a secret".'
