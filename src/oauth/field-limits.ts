/** How long may be what strangers have this host store for them. */
import { InvalidRequestError } from '@atproto/oauth-provider/errors'

/** Bytes, of parameters of an authorization request. */
const MAX_LENGTHS: Readonly<Record<string, number>> = {
  state: 2048,
  redirect_uri: 2048,
  scope: 6144,
  nonce: 512,
  login_hint: 512,
  code_challenge: 512,
  dpop_jkt: 512,
}

/** Bytes: of all its parameters together, as JSON, and of the URL that names an app. */
const MAX_PARAMETERS = 8192
const MAX_CLIENT_ID = 2048
/** Bytes of how an app authenticated, as JSON: the id of a key, which is the app's choice, and more like it. */
const MAX_CLIENT_AUTH = 2048

/** Bytes of what a browser says of itself. */
const MAX_USER_AGENT = 512

const bytesOf = (text: string): number => Buffer.byteLength(text)

/** @returns the parameters as JSON. @throws InvalidRequestError that names what is too long */
export function boundParameters(clientId: string, parameters: object): string {
  if (bytesOf(clientId) > MAX_CLIENT_ID) throw tooLong('client_id', MAX_CLIENT_ID)
  for (const [name, value] of Object.entries(parameters)) {
    const max = MAX_LENGTHS[name] ?? MAX_PARAMETERS
    const text = typeof value === 'string' ? value : JSON.stringify(value ?? null)
    if (bytesOf(text) > max) throw tooLong(name, max)
  }
  const json = JSON.stringify(parameters)
  if (bytesOf(json) > MAX_PARAMETERS) throw tooLong('the request', MAX_PARAMETERS)
  return json
}

/** @returns it as JSON. @throws InvalidRequestError */
export function boundClientAuth(clientAuth: unknown): string {
  const json = JSON.stringify(clientAuth)
  if (bytesOf(json) > MAX_CLIENT_AUTH) throw tooLong('the client authentication', MAX_CLIENT_AUTH)
  return json
}

/** What is kept of a user agent, for owners to recognize a browser by. */
export const boundUserAgent = (userAgent: string | null): string | null =>
  userAgent === null ? null : Buffer.from(userAgent).subarray(0, MAX_USER_AGENT).toString('utf8')

const tooLong = (name: string, max: number) =>
  new InvalidRequestError(`${name} is too long: at most ${max} bytes`)
