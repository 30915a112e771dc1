/**
 * Operations of the did:plc method: how they are encoded, signed, hashed and checked (did:plc
 * specification, "Operation Serialization, Signing, and Validation"). Everything here is pure.
 *
 * `@did-plc/lib` does the same, but brings axios and old copies of @atproto packages that need Node, all
 * CommonJS; the tests compare these functions with it, byte for byte.
 */
import { hash } from 'node:crypto'
import { parseDidKey } from '@atproto/crypto'
import type { LexValue } from '@atproto/lex-data'
import { InvalidRequestError } from '@atproto/xrpc-server'
import { base32 } from 'multiformats/bases/base32'
import { base64url } from 'multiformats/bases/base64'
import { cidOf, cidString } from '../../kernel/cbor/cid.ts'
import { encode } from '../../kernel/cbor/encode.ts'
import type { SigningKey } from '../../kernel/crypto/signing-key.ts'

export interface PlcService {
  type: string
  endpoint: string
}

/** What an identity consists of, without the order of its changes. */
export interface PlcState {
  /** did:keys that may change the identity, the strongest first; 1 to 5. */
  rotationKeys: string[]
  /** did:keys by name; `atproto` signs the repository. */
  verificationMethods: Record<string, string>
  /** URIs; the first `at://` is the handle. */
  alsoKnownAs: string[]
  /** By name; `atproto_pds` is the host. */
  services: Record<string, PlcService>
}

export interface UnsignedPlcOperation extends PlcState {
  type: 'plc_operation'
  /** CID of the operation before this one; null: this is the first. */
  prev: string | null
}

export interface UnsignedPlcTombstone {
  type: 'plc_tombstone'
  prev: string
}

/** With a signature: 64 bytes, low-S, in base64url without padding. */
export type Signed<T> = T & { sig: string }
export type PlcOperation = Signed<UnsignedPlcOperation>
export type PlcTombstone = Signed<UnsignedPlcTombstone>

/** The form of the first operations in 2022 and 2023; still the last one of some identities. */
export interface LegacyPlcCreate {
  type: 'create'
  signingKey: string
  recoveryKey: string
  handle: string
  service: string
  prev: null
  sig: string
}

/** What a log may consist of. */
export type LoggedPlcOperation = PlcOperation | PlcTombstone | LegacyPlcCreate

/** Largest operation that the directory takes, bytes of DAG-CBOR. */
const MAX_OPERATION_BYTES = 7500
export const MAX_ROTATION_KEYS = 5

/** Signs what the operation says as DAG-CBOR; a signature that it already has is replaced. */
export function signOperation<T extends UnsignedPlcOperation | UnsignedPlcTombstone>(
  operation: T,
  key: SigningKey,
): Signed<T> {
  const { sig: _, ...unsigned } = operation as Signed<T>
  const signature = key.signSync(encodeOperation(unsigned))
  return { ...unsigned, sig: base64url.baseEncode(signature) } as Signed<T>
}

/** The CID that the next operation names as `prev`. */
export const operationCid = (operation: LoggedPlcOperation): string =>
  cidString(cidOf(encodeOperation(operation)))

/** The DID that a signed first operation makes. */
export function didOf(genesis: PlcOperation | LegacyPlcCreate): string {
  const digest = hash('sha256', encodeOperation(genesis), 'buffer')
  return `did:plc:${base32.baseEncode(digest).slice(0, 24)}`
}

/** An operation in today's form, without its signature. */
export function normalizeOperation(
  operation: PlcOperation | LegacyPlcCreate,
): UnsignedPlcOperation {
  if (operation.type === 'plc_operation') {
    const { sig: _, ...unsigned } = operation
    return unsigned
  }
  const { signingKey, recoveryKey, handle, service, prev } = operation
  return {
    type: 'plc_operation',
    rotationKeys: [recoveryKey, signingKey],
    verificationMethods: { atproto: signingKey },
    alsoKnownAs: [handleUri(handle)],
    services: { atproto_pds: pdsService(service) },
    prev,
  }
}

/** `alice.example` → `at://alice.example` */
export const handleUri = (handle: string): string =>
  handle.startsWith('at://') ? handle : `at://${handle.replace(/^https?:\/\//, '')}`

/** The entry `atproto_pds` for a host's URL, or its name. */
export const pdsService = (pds: string): PlcService => ({
  type: 'AtprotoPersonalDataServer',
  endpoint: /^https?:\/\//.test(pds) ? pds : `https://${pds}`,
})

/** The handle among aliases: the first that is one, whether or not it leads back. */
export const firstHandle = (aliases: readonly string[]): string | undefined =>
  aliases.find((alias) => alias.startsWith('at://'))?.slice('at://'.length)

/** `aliases` with the handle in the place of the one before, or at the front. */
export function withHandle(aliases: readonly string[], handle: string): string[] {
  const at = aliases.findIndex((alias) => alias.startsWith('at://'))
  return at < 0 ? [handleUri(handle), ...aliases] : aliases.with(at, handleUri(handle))
}

/**
 * Checks an operation or tombstone that somebody sent: its form, its size, and that its keys are of a kind
 * that the directory takes. Who signed it is for the directory to judge, which knows the log.
 *
 * @throws InvalidRequestError
 */
export function parseOperation(input: unknown): PlcOperation | PlcTombstone {
  if (!isObject(input)) throw invalid('it is not an object')
  const operation = input.type === 'plc_tombstone' ? parseTombstone(input) : parseUpdate(input)
  if (encodeOperation(operation).byteLength > MAX_OPERATION_BYTES) throw invalid('it is too large')
  return operation
}

function parseTombstone(input: Record<string, unknown>): PlcTombstone {
  const { prev, sig, ...rest } = input
  if (typeof prev !== 'string' || typeof sig !== 'string') throw invalid('prev or sig is missing')
  if (Object.keys(rest).length > 1) throw invalid('a tombstone has no other fields')
  return { type: 'plc_tombstone', prev, sig }
}

function parseUpdate(input: Record<string, unknown>): PlcOperation {
  const { type, rotationKeys, verificationMethods, alsoKnownAs, services, prev, sig, ...rest } =
    input
  if (type !== 'plc_operation') throw invalid('its type is not plc_operation')
  if (!isTexts(rotationKeys)) throw invalid('rotationKeys is not a list of texts')
  if (!isObject(verificationMethods) || !isTexts(Object.values(verificationMethods))) {
    throw invalid('verificationMethods is not a map of texts')
  }
  if (!isTexts(alsoKnownAs)) throw invalid('alsoKnownAs is not a list of texts')
  if (!isObject(services) || !Object.values(services).every(isService)) {
    throw invalid('services is not a map of services')
  }
  if (prev !== null && typeof prev !== 'string') throw invalid('prev is neither a CID nor null')
  if (typeof sig !== 'string') throw invalid('sig is missing')
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw invalid(`${unknown} is not part of an operation`)
  if (rotationKeys.length === 0 || rotationKeys.length > MAX_ROTATION_KEYS) {
    throw invalid(`it must have 1 to ${MAX_ROTATION_KEYS} rotation keys`)
  }
  for (const key of [...rotationKeys, ...(Object.values(verificationMethods) as string[])]) {
    assertKey(key)
  }
  return input as unknown as PlcOperation
}

function assertKey(key: string): void {
  try {
    parseDidKey(key)
  } catch (cause) {
    throw invalid(`unsupported key ${key}`, cause)
  }
}

const encodeOperation = (operation: object): Uint8Array => encode(operation as LexValue)

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')

const isService = (value: unknown): value is PlcService =>
  isObject(value) &&
  typeof value.type === 'string' &&
  typeof value.endpoint === 'string' &&
  Object.keys(value).length === 2

const invalid = (why: string, cause?: unknown) =>
  new InvalidRequestError(`Not a valid PLC operation: ${why}`, 'InvalidRequest', { cause })
