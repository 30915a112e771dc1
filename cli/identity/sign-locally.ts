/** PLC operations that are signed with a key of the owner's, on this machine. */
import { readFileSync } from 'node:fs'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import {
  type LoggedPlcOperation,
  normalizeOperation,
  operationCid,
  type PlcOperation,
  type PlcState,
  parseOperation,
  signOperation,
  type UnsignedPlcOperation,
} from '../../src/services/identity/plc-operation.ts'
import { CommandError } from '../terminal/errors.ts'

/** Bytes of a file with a key. */
const MAX_KEY_FILE = 10_000
/** ms */
const TIMEOUT = 15_000

/**
 * A secp256k1 key from a file: 64 hex digits, alone, or in a JSON object as `privateKey`, `private_key` or the like.
 *
 * @throws CommandError, which says nothing of what is in the file
 */
export function readKeyFile(path: string): SigningKey {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
  const found = text.length > MAX_KEY_FILE ? [] : [...text.matchAll(/\b[0-9a-f]{64}\b/gi)]
  const [hex] = found[0] ?? []
  if (!hex || found.length > 1) {
    throw new CommandError(`${path} has to hold one secp256k1 private key, as 64 hex digits.`)
  }
  return SigningKey.fromBytes(Buffer.from(hex, 'hex'))
}

/**
 * The operation that changes an identity from its present state.
 *
 * @throws CommandError
 */
export async function signLocally(
  plcUrl: string,
  did: string,
  change: Partial<PlcState>,
  key: SigningKey,
): Promise<PlcOperation> {
  const response = await ask(`${plcUrl}/${encodeURIComponent(did)}/log/last`)
  const last = (await response.json()) as LoggedPlcOperation
  if (last.type === 'plc_tombstone') throw new CommandError(`${did} was ended.`)
  const state = normalizeOperation(last)
  if (!state.rotationKeys.includes(key.did())) {
    throw new CommandError(
      `${key.did()} is none of the rotation keys of ${did}: it may not change it.`,
    )
  }
  const operation: UnsignedPlcOperation = { ...state, ...change, prev: operationCid(last) }
  return parseOperation(signOperation(operation, key)) as PlcOperation
}

/** @throws CommandError with what the directory says */
export async function submitTo(
  plcUrl: string,
  did: string,
  operation: PlcOperation,
): Promise<void> {
  await ask(`${plcUrl}/${encodeURIComponent(did)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(operation),
  })
}

async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT) }).catch(
    (error: unknown) => {
      throw new CommandError(
        `The PLC directory at ${new URL(url).origin} does not answer: ${String(error)}`,
      )
    },
  )
  if (response.ok) return response
  const said = (await response.text()).slice(0, 300)
  throw new CommandError(`The PLC directory refuses it (${response.status}): ${said}`)
}
