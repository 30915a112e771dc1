/**
 * Passkeys: what a browser is asked for, and whether its answer is right (Web Authentication Level 3, 7.1 and 7.2).
 * Verification is the library's, which is loaded when it is needed. Users are always verified, by their face,
 * finger or PIN: so a passkey is two factors at once, what one has and what one is or knows.
 */
import { createHash } from 'node:crypto'
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type { Config } from '../../kernel/config/config.ts'
import type { Passkey, PasskeyCredential } from '../../storage/account/passkeys.ts'
import { CHALLENGE_LIFETIME } from './challenge.ts'

type Host = Pick<Config, 'hostname' | 'publicUrl'>

const library = () => import('./webauthn.ts')

/** Longest name of a passkey, in characters. */
const MAX_NAME = 60

/** Longest answer of a browser that is looked at, in characters of JSON. */
const MAX_RESPONSE = 64 * 1024

/** @throws InvalidRequestError */
export function checkPasskeyName(input: string): string {
  const name = input.trim()
  if (name === '' || name.length > MAX_NAME) {
    throw new InvalidRequestError(`The name of a passkey has 1 to ${MAX_NAME} characters`)
  }
  return name
}

/** WebAuthn, `user.id`: at most 64 bytes. */
const MAX_USER_HANDLE = 64

/**
 * What the authenticator stores as `user.id` and gives back at sign-in: the DID, so that the account is found
 * without an index. A DID is public, and the handle, which says more, is stored beside it in any case. One that is
 * too long is hashed; its owner then says who they are before using the passkey.
 */
export function userHandleOf(did: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(new TextEncoder().encode(did))
  if (bytes.byteLength <= MAX_USER_HANDLE) return bytes
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

/** @param userHandle base64url, as the browser gives it. @returns undefined when it holds no DID */
export function didOfUserHandle(userHandle: string | undefined): string | undefined {
  const text = Buffer.from(userHandle ?? '', 'base64url').toString('utf8')
  return text.startsWith('did:') ? text : undefined
}

/** What `navigator.credentials.create` is called with, as JSON. */
export async function registrationOptions(
  host: Host,
  { did, handle }: { did: string; handle: string },
  known: readonly Passkey[],
) {
  const { generateRegistrationOptions } = await library()
  return generateRegistrationOptions({
    rpName: host.hostname,
    rpID: rpIdOf(host),
    userID: userHandleOf(did),
    userName: handle,
    userDisplayName: handle,
    timeout: CHALLENGE_LIFETIME,
    attestationType: 'none',
    excludeCredentials: known.map(({ id, transports }) => ({ id, transports })),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
  })
}

/** What `navigator.credentials.get` is called with, as JSON: any passkey of this host may answer. */
export const authenticationOptions = (host: Host, challenge: string) => ({
  challenge,
  rpId: rpIdOf(host),
  timeout: CHALLENGE_LIFETIME,
  userVerification: 'required' as const,
})

/** A passkey as its registration describes it. */
export interface VerifiedRegistration extends PasskeyCredential {
  transports: readonly string[]
  backedUp: boolean
}

/**
 * @param json what the browser answered
 * @param isExpected whether a challenge was given out for this
 * @throws InvalidRequestError
 */
export async function verifyRegistration(
  host: Host,
  json: string,
  isExpected: (challenge: string) => boolean,
): Promise<VerifiedRegistration> {
  const { verifyRegistrationResponse } = await library()
  const answer = parse<RegistrationResponseJSON>(json)
  const result = await withoutAttestation(answer)
    .then((response) =>
      verifyRegistrationResponse({
        response,
        expectedChallenge: isExpected,
        expectedOrigin: originOf(host),
        expectedRPID: rpIdOf(host),
        requireUserVerification: true,
      }),
    )
    .catch(refuse)
  if (!result.verified) return refuse()
  const { credential, credentialBackedUp: backedUp } = result.registrationInfo
  const { id, publicKey, counter, transports = [] } = credential
  return {
    id,
    publicKey: new Uint8Array(publicKey),
    counter,
    transports: clean(transports),
    backedUp,
  }
}

/**
 * Some authenticators say of what make they are, though none is asked for (Web Authentication Level 3, 5.4.7: "none"). Their
 * browser is to leave it out, as is done here for those that do not: this host trusts no maker more than another, so it is
 * not verified either.
 */
async function withoutAttestation(
  answer: RegistrationResponseJSON,
): Promise<RegistrationResponseJSON> {
  const { decodeAttestationObject, isoBase64URL, isoCBOR } = await library()
  const { response } = answer
  const object = decodeAttestationObject(isoBase64URL.toBuffer(response.attestationObject))
  if (object.get('fmt') === 'none') return answer
  const none = isoCBOR.encode(
    new Map<string, string | Uint8Array | Map<string, never>>([
      ['fmt', 'none'],
      ['attStmt', new Map<string, never>()],
      ['authData', object.get('authData')],
    ]),
  )
  return { ...answer, response: { ...response, attestationObject: isoBase64URL.fromBuffer(none) } }
}

/** A sign-in that was verified. */
export interface VerifiedAuthentication {
  counter: number
  backedUp: boolean
}

/** @throws InvalidRequestError */
export async function verifyAuthentication(
  host: Host,
  json: string,
  credential: PasskeyCredential,
  isExpected: (challenge: string) => boolean,
): Promise<VerifiedAuthentication> {
  const { verifyAuthenticationResponse } = await library()
  const result = await verifyAuthenticationResponse({
    response: parse<AuthenticationResponseJSON>(json),
    expectedChallenge: isExpected,
    expectedOrigin: originOf(host),
    expectedRPID: rpIdOf(host),
    credential,
    requireUserVerification: true,
  }).catch(refuse)
  if (!result.verified) return refuse()
  const { newCounter: counter, credentialBackedUp: backedUp } = result.authenticationInfo
  return { counter, backedUp }
}

/** Which passkey has answered, and whose it says it is. @throws InvalidRequestError */
export function readAnswer(json: string): { id: string; did: string | undefined } {
  const { id, response } = parse<Partial<AuthenticationResponseJSON>>(json)
  const userHandle = response?.userHandle
  if (typeof id !== 'string') return refuse()
  return { id, did: didOfUserHandle(typeof userHandle === 'string' ? userHandle : undefined) }
}

const rpIdOf = ({ publicUrl }: Host): string => new URL(publicUrl).hostname

const originOf = ({ publicUrl }: Host): string => new URL(publicUrl).origin

const clean = (transports: readonly string[]): string[] =>
  transports.filter((transport) => /^[a-z-]{1,20}$/.test(transport)).slice(0, 10)

/** What is inside is looked at by the library. */
function parse<T>(json: string): T {
  if (json.length > MAX_RESPONSE) return refuse()
  try {
    const value: unknown = JSON.parse(json)
    if (value && typeof value === 'object') return value as T
  } catch {}
  return refuse()
}

function refuse(cause?: unknown): never {
  throw new InvalidRequestError('The passkey could not be verified', 'InvalidPasskey', { cause })
}
