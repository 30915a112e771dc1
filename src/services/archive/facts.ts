/** What this host knows of an account besides what the account has written. Nothing in it opens anything. */
import type { Config } from '../../kernel/config/config.ts'
import { accountDocument } from '../identity/documents.ts'
import { type PlcDirectory, PlcError } from '../identity/plc.ts'
import type { AccountClient, HostObjects } from '../objects/stubs.ts'

export interface FactSources {
  readonly config: Pick<Config, 'hostname' | 'publicUrl'>
  readonly objects: Pick<HostObjects, 'directory' | 'oauth'>
  readonly plc: PlcDirectory
}

const isoTime = (ms: number): string => new Date(ms).toISOString()

export async function accountFacts(
  { config, objects }: FactSources,
  did: string,
  account: AccountClient,
): Promise<object> {
  const [profile, usage, factors, passkeys, appPasswords, sessions, browserSessions] =
    await Promise.all([
      account.profile.get(),
      account.profile.usage(),
      account.factors.get(),
      account.passkeys.list(),
      account.passwords.listAppPasswords(),
      account.sessions.list(),
      account.browserSessions.list(),
    ])
  const [made, used, devices, granted, tokens] = await Promise.all([
    objects.directory.invites.ofAccount(did),
    objects.directory.invites.usedBy(did),
    objects.oauth.devices.accounts({ did }),
    objects.oauth.clients.authorizedBy([did]),
    objects.oauth.tokens.ofAccount(did),
  ])
  const { takedown, ...account_ } = profile
  return {
    madeAt: new Date().toISOString(),
    host: config.publicUrl,
    account: { ...account_, takenDown: takedown !== null },
    usage,
    signingIn: {
      ...factors,
      passkeys: passkeys.map(({ name, createdAt, lastUsedAt }) => ({
        name,
        createdAt,
        lastUsedAt,
      })),
      appPasswords: appPasswords.map(({ name, privileged, createdAt }) => ({
        name,
        privileged,
        createdAt,
      })),
    },
    appsSignedInWithPassword: sessions.map(({ appPassword, usedAt }) => ({
      appPassword,
      usedAt: isoTime(usedAt),
    })),
    browsers: devices.map(({ device, createdAt, updatedAt }) => ({
      userAgent: device.userAgent,
      ipAddress: device.ipAddress,
      firstSignedInAt: isoTime(createdAt),
      signedInAt: isoTime(updatedAt),
      lastSeenAt: isoTime(device.lastSeenAt),
    })),
    accountPageSessions: browserSessions.map(({ userAgent, openedAt, seenAt }) => ({
      userAgent,
      openedAt: isoTime(openedAt),
      seenAt: isoTime(seenAt),
    })),
    appsLetIn: granted.flatMap(({ clients }) => clients),
    appSessions: tokens.map(({ clientId, scope, createdAt, updatedAt }) => ({
      clientId,
      scope,
      createdAt: isoTime(createdAt),
      usedAt: isoTime(updatedAt),
    })),
    inviteCodes: { made, used: used ?? null },
  }
}

/** The DID document's parts and, for a did:plc, its history. Where the directory does not answer, that is said. */
export async function identityFacts(
  { config, plc }: FactSources,
  did: string,
  account: AccountClient,
): Promise<object> {
  if (!did.startsWith('did:plc:')) {
    const identity = await account.repository.identity(true)
    return { did, document: accountDocument(identity, config.publicUrl) }
  }
  const signingKey = await account.keys.publicKey()
  const keys = { signingKey, rotationKeyOfHost: plc.rotationDidKey() }
  try {
    return { did, ...keys, log: await plc.auditLog(did) }
  } catch (error) {
    if (!(error instanceof PlcError)) throw error
    return { did, ...keys, log: null, error: error.message }
  }
}
