/** Keeps a host from working with other secrets than those its accounts were made with. */
import { createHash } from 'node:crypto'
import { XRPCError } from '@atproto/xrpc-server'
import type { Env } from '../../contracts/env.ts'
import { type Config, ConfigError } from '../../kernel/config/config.ts'
import {
  jwtSecrets,
  keySecrets,
  type LastingSecret,
  nextSecretOf,
  type SecretSettings,
} from '../../kernel/config/secret-settings.ts'
import { DecryptionError, decrypt, encrypt } from '../../kernel/crypto/encrypt.ts'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'
import type { Logger } from '../../kernel/log.ts'
import type { SecretFingerprints } from '../../storage/directory/secret-fingerprints.ts'
import type {
  KeyRotation,
  PlcRotation,
  SecretRotations,
} from '../../storage/directory/secret-rotations.ts'
import { type HostObjects, hostObjects } from './stubs.ts'

type Secrets = SecretSettings & Pick<Config, 'rotatedSecrets'>

const PURPOSE = 'fingerprints of secrets'

/** Accounts that are tried for a key, where nothing is recorded: one may be on the point of being deleted. */
const TRIED_ACCOUNTS = 5

/** Isolates whose secrets are right. Not the promise: it would never resolve if the request that made it was cancelled. */
const checked = new WeakSet<Env>()

/**
 * Compares the secrets with what was recorded at the host's first request; each isolate does until they were right once. Data of a
 * release that recorded nothing take the secrets over that their signing keys can be read with.
 *
 * @param log is told of secrets that the operator says to have changed (`rotatedSecrets`)
 * @throws ConfigError that names the secret
 */
export async function assertSecrets(env: Env, config: Secrets, log: Logger): Promise<void> {
  if (checked.has(env)) return
  await compare(hostObjects(env), config, log)
  checked.add(env)
}

async function compare(objects: HostObjects, config: Secrets, log: Logger): Promise<void> {
  let found = await objects.directory.secrets.recorded()
  // What another isolate records meanwhile is compared in turn.
  for (let round = 0; round < 3; round++) {
    const recorded = found?.fingerprints
    const changes = recorded
      ? await findChanges(recorded, config)
      : { changed: await findUnreadable(objects, config), replaced: [] }
    const { rotatedSecrets } = config
    const unasked = changes.changed.filter((name) => !rotatedSecrets.includes(name))
    if (unasked.length > 0) throw new ConfigError(unasked.map(explain).join('\n'))
    const givenUp = await assertFinishable(found?.rotations ?? {}, config)
    const all = [...changes.changed, ...changes.replaced, ...givenUp]
    if (recorded && all.length === 0) return
    if (!recorded && hasOthers(config)) {
      // Data of before anything was recorded may be under either: whatever is under the other one is gone through.
      await objects.directory.secrets.record(await fingerprint(others(config)), undefined, NOTHING)
      found = await objects.directory.secrets.recorded()
      continue
    }
    const own = await fingerprint(config)
    const stored = await objects.directory.secrets.record(own, recorded, {
      begun: changes.replaced.map((name) => ROTATIONS[name]),
      forgotten: [...changes.changed, ...givenUp].map((name) => ROTATIONS[name]),
    })
    if (Buffer.compare(stored.sealed, own.sealed) === 0) {
      for (const name of changes.changed) log.info('a secret was changed on purpose', { name })
      for (const name of changes.replaced) log.info('a secret takes the place of another', { name })
      return
    }
    found = await objects.directory.secrets.recorded()
  }
  throw new ConfigError('Instances of this host with different secrets are starting at once.')
}

interface Changes {
  /** Those that are others than before, of which nothing more is known. */
  changed: LastingSecret[]
  /** Those that take the place of what was recorded, which is at hand as well. */
  replaced: LastingSecret[]
}

/** Which secrets are not those that were recorded. Without the right PDS_KEY_SECRET nothing is known of PDS_JWT_SECRET. */
async function findChanges(
  { rotationKey, sealed }: SecretFingerprints,
  config: Secrets,
): Promise<Changes> {
  const changed: LastingSecret[] = []
  const replaced: LastingSecret[] = []
  const note = (name: LastingSecret, isOther: boolean) => (isOther ? replaced : changed).push(name)
  try {
    const isOwn = await canDecrypt(config.keySecret, sealed)
    const jwtHash = await decrypt(keySecrets(config), PURPOSE, sealed)
    if (!isOwn) note('PDS_KEY_SECRET', true)
    const place = jwtSecrets(config).findIndex((secret) => isSame(jwtHash, hashOf(secret)))
    if (place !== 0) note('PDS_JWT_SECRET', place > 0)
  } catch (error) {
    if (!(error instanceof DecryptionError)) throw error
    note('PDS_KEY_SECRET', false)
  }
  const place = rotationKeys(config).indexOf(rotationKey)
  if (place !== 0) note('PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX', place > 0)
  return { changed, replaced }
}

/**
 * While accounts are left that depend on a secret which is being replaced, both are needed.
 *
 * @returns those of which the operator says that the one before is lost
 * @throws ConfigError
 */
async function assertFinishable(
  { key, plc }: SecretRotations,
  config: Secrets,
): Promise<LastingSecret[]> {
  const { rotatedSecrets } = config
  const missing: LastingSecret[] = []
  const isUnder = (secret: string) => canDecrypt(secret, key?.formerSealed ?? new Uint8Array())
  if (key?.finishedAt === null) {
    const opened = await Promise.all(keySecrets(config).map(isUnder))
    if (!opened.includes(true)) missing.push('PDS_KEY_SECRET')
  }
  if (plc?.finishedAt === null && !rotationKeys(config).includes(plc.formerKey)) {
    missing.push('PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX')
  }
  const unasked = missing.filter((name) => !rotatedSecrets.includes(name))
  if (unasked.length > 0) throw new ConfigError(unasked.map(explainUnfinished).join('\n'))
  return missing
}

/** Whether a run that is kept replaces the secret that is the other one now. */
export const isOfOther = {
  key: async ({ formerSealed }: KeyRotation, { otherKeySecret }: SecretSettings) =>
    otherKeySecret !== undefined && (await canDecrypt(otherKeySecret, formerSealed)),
  plc: ({ formerKey }: PlcRotation, config: SecretSettings) =>
    rotationKeys(config)[1] === formerKey,
}

async function canDecrypt(secret: string, sealed: Uint8Array): Promise<boolean> {
  try {
    await decrypt(secret, PURPOSE, sealed)
    return true
  } catch (error) {
    if (error instanceof DecryptionError) return false
    throw error
  }
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

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

async function fingerprint(config: SecretSettings): Promise<SecretFingerprints> {
  const sealed = await encrypt(config.keySecret, PURPOSE, hashOf(config.jwtSecret))
  return { rotationKey: rotationKeys(config)[0] ?? '', sealed }
}

const NOTHING = { begun: [], forgotten: [] }

const hasOthers = ({ otherJwtSecret, otherKeySecret, otherPlcRotationKey }: Secrets): boolean =>
  [otherJwtSecret, otherKeySecret, otherPlcRotationKey].some((other) => other !== undefined)

/** The secrets that are not in use, each where there are two. */
const others = (config: Secrets) => ({
  jwtSecret: config.otherJwtSecret ?? config.jwtSecret,
  keySecret: config.otherKeySecret ?? config.keySecret,
  plcRotationKey: config.otherPlcRotationKey ?? config.plcRotationKey,
})

const hashOf = (jwtSecret: string): Uint8Array => createHash('sha256').update(jwtSecret).digest()

/** did:keys, that of the one in use first. */
const rotationKeys = ({ plcRotationKey, otherPlcRotationKey }: SecretSettings): string[] =>
  [plcRotationKey, otherPlcRotationKey].flatMap((hex) =>
    hex === undefined ? [] : [SigningKey.fromBytes(Buffer.from(hex, 'hex')).did()],
  )

/** What a change of each is called where its progress is kept. */
const ROTATIONS = {
  PDS_KEY_SECRET: 'key',
  PDS_JWT_SECRET: 'jwt',
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: 'plc',
} as const satisfies Record<LastingSecret, keyof SecretRotations>

const CONSEQUENCES: Record<LastingSecret, string> = {
  PDS_KEY_SECRET: 'the signing keys of the accounts cannot be read with it, and nobody can write',
  PDS_JWT_SECRET: 'everybody would be signed out',
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: 'the did:plc identities of the accounts name another',
}

const explain = (name: LastingSecret): string =>
  `${name} is not the one that the data of this host were made with: ${CONSEQUENCES[name]}. Set it to what it was ` +
  '(`npm start` keeps it in secrets.json in the data folder, `npm run dev` in .dev.vars: restore that file from a ' +
  `backup). If it was changed on purpose, or is lost, start once with PDS_ROTATED_SECRETS=${name}, after reading ` +
  'docs/secrets.md.'

const explainUnfinished = (name: LastingSecret): string =>
  `${name} is being replaced, and not all accounts are changed: the one before is needed as well. Set ${name} and ` +
  `${nextSecretOf[name]} to what they were (\`npm start\` keeps them in secrets.json in the data folder); \`npx cumulus secret status\` ` +
  `says when it is done. If the one before is lost, start once with PDS_ROTATED_SECRETS=${name}, after reading docs/secrets.md.`
