/** An app with a server of its own, which signs what it asks for (OAuth specification, confidential clients). */
import type { JoseKey } from '@atproto/jwk-jose'
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { hashOf } from '../server/auth/oauth-secrets.ts'
import { ISSUER, ProviderSession, request } from './browser-session.ts'

/** Kind of assertion (RFC 7523, 2.2). */
export const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export interface Key {
  jwk: JWK
  privateKey: CryptoKey
}

/** `privateJwk` says nothing but the key. */
export async function makeKey(kid: string): Promise<Key & { privateJwk: JWK }> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }
  return { jwk, privateKey, privateJwk: await exportJWK(privateKey) }
}

/** A key of the official client library, with what the library publishes of it. */
export async function libraryKey(key: JoseKey): Promise<Key> {
  const { key_ops: _, ...jwk } = key.privateJwk as JWK
  return { jwk: key.publicJwk as JWK, privateKey: (await importJWK(jwk, 'ES256')) as CryptoKey }
}

export interface Tokens {
  access_token: string
  refresh_token: string
  scope: string
}

/** Fields of a form; `undefined` leaves one out. */
type Form = Record<string, string | undefined>

let made = 0

/** Every client has a site of its own, since the host remembers what it read there. */
export class ConfidentialClient {
  readonly origin = `https://app-${made++}.example.com`
  readonly id = `${this.origin}/client-metadata.json`
  readonly keysUrl = `${this.origin}/keys.json`
  readonly redirect = `${this.origin}/callback`
  readonly verifier = `${crypto.randomUUID()}${crypto.randomUUID()}`
  readonly scope: string
  /** Signs assertions. */
  key: Key
  readonly #dpop: Key
  #nonce = ''

  private constructor(scope: string, key: Key, dpop: Key) {
    this.scope = scope
    this.key = key
    this.#dpop = dpop
  }

  static async make(scope = 'atproto transition:generic'): Promise<ConfidentialClient> {
    return new ConfidentialClient(scope, await makeKey('first'), await makeKey('proofs'))
  }

  /** What it publishes about itself. */
  get metadata(): Record<string, unknown> {
    return {
      client_id: this.id,
      client_name: 'Notes',
      client_uri: this.origin,
      redirect_uris: [this.redirect],
      scope: this.scope,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      application_type: 'web',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      dpop_bound_access_tokens: true,
      jwks_uri: this.keysUrl,
    }
  }

  /** Says who it is (RFC 7523). */
  assertion(claims: Record<string, unknown> = {}): Promise<string> {
    const iat = Math.floor(Date.now() / 1000)
    const usual = { iss: this.id, sub: this.id, aud: ISSUER, jti: crypto.randomUUID() }
    return new SignJWT({ ...usual, iat, exp: iat + 60, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: this.key.jwk.kid ?? '' })
      .sign(this.key.privateKey)
  }

  /** A form to an endpoint, signed anew; asked for a nonce, it tries again with that. */
  async post(path: string, form: Form): Promise<Response> {
    const all: Form = {
      client_id: this.id,
      client_assertion_type: ASSERTION,
      client_assertion: await this.assertion(),
      ...form,
    }
    const present = Object.entries(all).filter((field): field is [string, string] => !!field[1])
    const dpop = await this.#prove('POST', path)
    const body = new URLSearchParams(present)
    const response = await request(path, { method: 'POST', headers: { dpop }, body })
    const wasUnknown = this.#nonce === ''
    this.#nonce = response.headers.get('dpop-nonce') ?? ''
    // The nonce is looked at first: the assertion of the refused request was not used up.
    return wasUnknown && this.#nonce !== '' ? this.post(path, form) : response
  }

  push(form: Form = {}): Promise<Response> {
    return this.post('/oauth/par', {
      redirect_uri: this.redirect,
      response_type: 'code',
      scope: this.scope,
      state: 'state',
      code_challenge_method: 'S256',
      code_challenge: hashOf(this.verifier),
      ...form,
    })
  }

  /** Where it sends its users. */
  async authorizeUrl(): Promise<string> {
    const response = await this.push()
    if (!response.ok) throw new Error(`not pushed: ${await response.text()}`)
    const { request_uri } = (await response.json()) as { request_uri: string }
    return `${ISSUER}/oauth/authorize?${new URLSearchParams({ client_id: this.id, request_uri })}`
  }

  /** Somebody allows what it asks for. */
  async code(did: string, password: string): Promise<string> {
    const browser = new ProviderSession()
    await browser.open(await this.authorizeUrl())
    const { searchParams } = await browser.consent(did, password)
    return searchParams.get('code') ?? ''
  }

  trade(code: string, form: Form = {}): Promise<Response> {
    return this.post('/oauth/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: this.redirect,
      code_verifier: this.verifier,
      ...form,
    })
  }

  refresh(token: string, form: Form = {}): Promise<Response> {
    return this.post('/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: token,
      ...form,
    })
  }

  /** Calls a method with a token; a POST where there is a body. */
  async call(token: string, path: string, body?: object): Promise<Response> {
    const method = body ? 'POST' : 'GET'
    const dpop = await this.#prove(method, path, { ath: hashOf(token) })
    const headers = { authorization: `DPoP ${token}`, dpop, 'content-type': 'application/json' }
    return request(path, { method, headers, body: body && JSON.stringify(body) })
  }

  #prove(method: string, path: string, claims: Record<string, unknown> = {}): Promise<string> {
    const { x, y, crv, kty } = this.#dpop.jwk
    const nonce = this.#nonce || undefined
    const htu = `${ISSUER}${path}`
    return new SignJWT({ htm: method, htu, jti: crypto.randomUUID(), nonce, ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: { kty, crv, x, y } as JWK })
      .setIssuedAt()
      .sign(this.#dpop.privateKey)
  }
}
