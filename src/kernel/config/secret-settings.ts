/** Secrets that stored data depend on, and those that take their place (docs/secrets.md). */
import { secret } from './kinds.ts'

/** Secrets that stored data depend on. */
export const lastingSecrets = [
  'PDS_KEY_SECRET',
  'PDS_JWT_SECRET',
  'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX',
] as const

export type LastingSecret = (typeof lastingSecrets)[number]

/** Settings that are set while a secret takes the place of another. */
export const nextSecretSettings = {
  PDS_NEXT_JWT_SECRET: secret(
    'none',
    'Takes the place of PDS_JWT_SECRET; tokens made with that are still accepted. With `accept:` before it, it is the ' +
      'other way round: this one is accepted, and not used yet (docs/secrets.md).',
  ),
  PDS_NEXT_KEY_SECRET: secret(
    'none',
    'Takes the place of PDS_KEY_SECRET: everything is encrypted anew, in the background, and both are needed until ' +
      'that is done. `accept:` as with PDS_NEXT_JWT_SECRET.',
  ),
  PDS_NEXT_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: secret(
    'none',
    'Takes the place of the rotation key: in every `did:plc` identity, in the background; both are needed until that ' +
      'is done. `accept:` as with PDS_NEXT_JWT_SECRET.',
  ),
}

/** Before a secret that is accepted, and not used yet. */
const ACCEPT = 'accept:'

/** Characters of a secret, at least. */
export const MIN_SECRET = 16

/** By secret: the setting of the one that takes its place. */
export const nextSecretOf = {
  PDS_KEY_SECRET: 'PDS_NEXT_KEY_SECRET',
  PDS_JWT_SECRET: 'PDS_NEXT_JWT_SECRET',
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: 'PDS_NEXT_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX',
} as const satisfies Record<LastingSecret, keyof typeof nextSecretSettings>

/**
 * What things are made with, and another secret whose things are accepted as well while one takes the place of the
 * other. Undefined: there is none.
 */
export interface SecretSettings {
  jwtSecret: string
  otherJwtSecret?: string
  keySecret: string
  otherKeySecret?: string
  /** The secp256k1 private key that signs PLC operations, 64 hex digits. */
  plcRotationKey: string
  otherPlcRotationKey?: string
}

export type JwtSecrets = Pick<SecretSettings, 'jwtSecret' | 'otherJwtSecret'>
export type KeySecrets = Pick<SecretSettings, 'keySecret' | 'otherKeySecret'>

/** What is accepted: first that which things are made with. */
export const jwtSecrets = ({ jwtSecret, otherJwtSecret }: JwtSecrets): string[] =>
  listed(jwtSecret, otherJwtSecret)

/** What may have encrypted something: first that which things are encrypted with. */
export const keySecrets = ({ keySecret, otherKeySecret }: KeySecrets): string[] =>
  listed(keySecret, otherKeySecret)

const listed = (secret: string, other: string | undefined): string[] =>
  other === undefined ? [secret] : [secret, other]

type Given = Partial<Record<LastingSecret | keyof typeof nextSecretSettings, unknown>>

/** Reads the secrets; what is wrong with them is added to `problems`, without their values. */
export function readSecrets(parsed: Given, problems: string[]): SecretSettings {
  const jwt = pair(parsed, 'PDS_JWT_SECRET', problems, secretProblem)
  const key = pair(parsed, 'PDS_KEY_SECRET', problems, secretProblem)
  const plc = pair(parsed, 'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX', problems, keyProblem)
  return {
    jwtSecret: jwt.used,
    ...(jwt.other !== undefined && { otherJwtSecret: jwt.other }),
    keySecret: key.used,
    ...(key.other !== undefined && { otherKeySecret: key.other }),
    plcRotationKey: plc.used,
    ...(plc.other !== undefined && { otherPlcRotationKey: plc.other }),
  }
}

interface Pair {
  used: string
  other: string | undefined
}

function pair(
  parsed: Given,
  name: LastingSecret,
  problems: string[],
  problemOf: (value: string) => string | undefined,
): Pair {
  const own = textOf(parsed[name])
  const given = textOf(parsed[nextSecretOf[name]])
  const next = given.startsWith(ACCEPT) ? given.slice(ACCEPT.length) : given
  if (!own) problems.push(`${name} is not set`)
  for (const [setting, value] of [
    [name, own],
    [nextSecretOf[name], next],
  ] as const) {
    const problem = value && problemOf(value)
    if (problem) problems.push(`${setting} ${problem}`)
  }
  if (!next || next === own) return { used: own, other: undefined }
  return given === next ? { used: next, other: own } : { used: own, other: next }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const secretProblem = (value: string): string | undefined =>
  value.length < MIN_SECRET ? `must have at least ${MIN_SECRET} characters` : undefined

const keyProblem = (value: string): string | undefined =>
  /^[0-9a-f]{64}$/i.test(value) ? undefined : 'must have 64 hex digits'
