/** Secrets of the OAuth server, each derived from the host's own for one purpose (HKDF, RFC 5869). */
import { createHash, createHmac, hkdfSync } from 'node:crypto'
import type { Config } from '../../kernel/config/config.ts'
import { widerNetwork } from '../../kernel/net/client-network.ts'

type Secrets = Pick<Config, 'jwtSecret'>

const derive = (secret: string, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, '', `cumulus oauth ${purpose}`, 32))

/**
 * DPoP nonces are an HMAC of the time under this secret, so that all isolates accept the same ones
 * (RFC 9449, 8; rotated by the provider every minute).
 */
export const nonceSecret = ({
  jwtSecret,
  dpopSecret,
}: Secrets & { dpopSecret?: string }): Uint8Array =>
  dpopSecret ? new Uint8Array(Buffer.from(dpopSecret, 'hex')) : derive(jwtSecret, 'dpop nonce')

/** Signs access tokens (HS256): another key than that of password sessions, so that neither passes for the other. */
export const signingSecret = ({ jwtSecret }: Secrets): Uint8Array =>
  derive(jwtSecret, 'access token')

/**
 * What is stored of the network that a request comes from, to see which rows are of one: the /48 of an IPv6 address.
 * Without the secret it does not tell the address.
 */
export const networkMark = ({ jwtSecret }: Secrets, clientNetwork: string): string =>
  createHmac('sha256', derive(jwtSecret, 'client network'))
    .update(widerNetwork(clientNetwork))
    .digest('base64url')
    .slice(0, 16)

/** What is stored of a code or a refresh token; they have 256 random bits, so that a bare hash tells nothing. */
export const hashOf = (secret: string): string =>
  createHash('sha256').update(secret).digest('base64url')
