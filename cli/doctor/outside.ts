/** The host as others reach it: by its public names, over the internet, or at an address that was given. */
import { connect as connectTcp, isIP } from 'node:net'
import { connect as connectTls, type PeerCertificate } from 'node:tls'
import { Agent, buildConnector, fetch, type RequestInit, WebSocket } from 'undici'
import { causeOf, reasonOf } from '../terminal/reason.ts'

/** ms */
export const TIMEOUT = 8_000
/** Bytes of an answer that are read. */
const MAX_ANSWER = 256 * 1024

export interface OutsideOptions {
  /** The host and its handles are reached here, and not where DNS says. */
  connectTo?: { address: string; port?: number }
  /** A certificate authority to trust besides those that Node knows, in PEM. */
  ca?: string
}

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** The parsed text; undefined: it is no JSON. */
  json: unknown
}

/** How a certificate was presented. */
export interface Presented {
  certificate: PeerCertificate
  /** Why it is not to be trusted; undefined: it is. */
  problem: string | undefined
}

/** Something did not answer, in words. */
export class UnreachableError extends Error {
  override name = 'UnreachableError'
}

export class Outside {
  readonly #options: OutsideOptions
  readonly #agent: Agent
  readonly #plain = new Agent()

  constructor(options: OutsideOptions = {}) {
    this.#options = options
    const { connectTo, ca } = options
    const connector = buildConnector({ timeout: TIMEOUT, ...(ca && { ca }) })
    this.#agent = new Agent({
      connect: (target, done) =>
        connector(
          connectTo
            ? {
                ...target,
                hostname: connectTo.address,
                port: String(connectTo.port ?? target.port),
                servername: target.hostname,
              }
            : target,
          done,
        ),
    })
  }

  /** Whether DNS is passed by. */
  get isDirected(): boolean {
    return this.#options.connectTo !== undefined
  }

  /** Asks the host, or one of its handles. @throws UnreachableError */
  get(url: string): Promise<Answer> {
    return ask(url, { dispatcher: this.#agent })
  }

  /** Asks somebody else. @throws UnreachableError */
  ask(url: string, headers: Record<string, string> = {}): Promise<Answer> {
    return ask(url, { dispatcher: this.#plain, headers })
  }

  /** Listens; the caller closes it. */
  listen(url: string): WebSocket {
    return new WebSocket(url, { dispatcher: this.#agent })
  }

  /** The certificate that is presented under a name. @throws UnreachableError */
  certificate(name: string): Promise<Presented> {
    const { connectTo, ca } = this.#options
    return new Promise((resolve, reject) => {
      const socket = connectTls({
        host: connectTo?.address ?? name,
        port: connectTo?.port ?? 443,
        servername: name,
        rejectUnauthorized: false,
        ...(ca && { ca }),
      })
      socket.setTimeout(TIMEOUT, () => {
        socket.destroy()
        reject(new UnreachableError(`no answer within ${TIMEOUT / 1000} s`))
      })
      socket.once('error', (error) => reject(new UnreachableError(inWords(error))))
      socket.once('secureConnect', () => {
        const problem = socket.authorized ? undefined : String(socket.authorizationError)
        resolve({ certificate: socket.getPeerCertificate(), problem })
        socket.destroy()
      })
    })
  }

  async close(): Promise<void> {
    await Promise.all([this.#agent.destroy(), this.#plain.destroy()])
  }
}

async function ask(url: string, init: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT),
    })
    const text = await readBounded(response.body)
    return {
      status: response.status,
      headers: response.headers as unknown as Headers,
      text,
      json: parse(text),
    }
  } catch (error) {
    throw new UnreachableError(inWords(error))
  }
}

async function readBounded(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.byteLength
    if (size > MAX_ANSWER) throw new UnreachableError('its answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Why a host cannot be reached whose name leads nowhere. */
export const NO_NAME = 'the name is not in DNS'

const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was broken off',
  ENOTFOUND: NO_NAME,
  EAI_AGAIN: 'DNS does not answer',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'there is no way there',
  ENETUNREACH: 'there is no way there',
  UND_ERR_CONNECT_TIMEOUT: 'no answer',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by nobody who is known',
  CERT_SIGNATURE_FAILURE: 'its certificate is signed by nobody who is known',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by nobody who is known',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by nobody who is known',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by nobody who is known',
}

/** What went wrong with a connection. Node wraps what counts. */
export function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof UnreachableError) return error.message
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT / 1000} s`
  return CODES[causeOf(error).code ?? ''] ?? reasonOf(error)
}

/** What a code of `tls` says. */
export const certificateProblem = (code: string): string =>
  CODES[code]?.replace('its certificate ', '') ?? code

/** Whether something listens at an address. */
export const isOpen = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTcp({ host, port, timeout: TIMEOUT })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
    socket.once('timeout', () => end(false))
  })

/** `192.0.2.1`, `192.0.2.1:8443` or `[2001:db8::1]:443`; undefined: it is neither. */
export function readAddress(text: string): { address: string; port?: number } | undefined {
  if (isIP(text)) return { address: text }
  const url = URL.parse(`tcp://${text}`)
  if (!url?.hostname) return undefined
  const address = url.hostname.replace(/^\[|\]$/g, '')
  return url.port === '' ? { address } : { address, port: Number(url.port) }
}
