import { widerNetwork } from '../../kernel/net/client-network.ts'

/** How many consumers there may be at once. */
export interface ConsumerCaps {
  /** All together. */
  total: number
  /** From one address. */
  perAddress: number
}

/** The tag of connections that are not counted by address. */
const UNCOUNTED = 'uncounted'

/** Connections of an IPv6 /48, as a multiple of what one address may have. */
const SITE = 2

/** The tag of consumers of other streams than the firehose; what begins their other tags. */
const STREAM = 'stream'

/** The tag of the site that an address is in: the /48 of an IPv6 address, or the address itself. */
const siteOf = (address: string): string => `site ${widerNetwork(address)}`

/**
 * Who may connect to the firehose. When all places are taken, a newcomer gets that of the address which has the
 * most, so that few addresses cannot keep everybody else out. Addresses are tags of the sockets, which stay
 * while the object hibernates.
 */
export class Admission {
  readonly #ctx: DurableObjectState
  readonly #caps: ConsumerCaps
  readonly #isStream: boolean

  /** @param kind whom it is for: those of each are counted alone */
  constructor(ctx: DurableObjectState, caps: ConsumerCaps, kind: 'firehose' | 'streams') {
    this.#ctx = ctx
    this.#caps = caps
    this.#isStream = kind === 'streams'
  }

  /** All of this kind, those that are being closed, too. */
  sockets(): WebSocket[] {
    const streams = this.#ctx.getWebSockets(STREAM)
    if (this.#isStream) return streams
    return streams.length === 0
      ? this.#ctx.getWebSockets()
      : this.#ctx.getWebSockets().filter((socket) => !streams.includes(socket))
  }

  /**
   * Whether a newcomer gets a place; where it has to be made, that is the socket to be closed.
   *
   * @param address undefined: it is not counted by address
   */
  ask(address: string | undefined): boolean | WebSocket {
    const { total, perAddress } = this.#caps
    const counted = address === undefined ? [] : this.#ctx.getWebSockets(this.#tag(address))
    if (counted.length >= perAddress) return false
    // Who has an IPv6 /48 has 65,536 addresses of this kind.
    const own =
      address === undefined ? 0 : this.#ctx.getWebSockets(this.#tag(siteOf(address))).length
    if (own >= SITE * perAddress) return false
    const all = this.sockets()
    const open = all.filter(({ readyState }) => readyState === WebSocket.READY_STATE_OPEN)
    if (open.length < total) return true
    // Those that are being closed are not counted above, and must not become many either.
    if (all.length >= 2 * total) return false
    const [busiest] = this.#byAddress(open).sort((one, other) => other.length - one.length)
    return busiest && busiest.length > own + 1 ? (busiest.at(-1) ?? false) : false
  }

  accept(socket: WebSocket, address: string | undefined): void {
    const from = address ? [this.#tag(siteOf(address)), this.#tag(address)] : [UNCOUNTED]
    this.#ctx.acceptWebSocket(socket, this.#isStream ? [...from, STREAM] : from)
  }

  /** Where a consumer comes from, as it is counted; undefined: it is not. */
  addressOf(socket: WebSocket): string | undefined {
    const [site, address] = this.#ctx.getTags(socket)
    if (site === UNCOUNTED) return undefined
    return this.#isStream ? address?.slice(this.#tag('').length) : address
  }

  #tag(text: string): string {
    return this.#isStream ? `${STREAM} ${text}` : text
  }

  #byAddress(sockets: readonly WebSocket[]): WebSocket[][] {
    const groups = new Map<string, WebSocket[]>()
    for (const socket of sockets) {
      const [address = UNCOUNTED] = this.#ctx.getTags(socket)
      if (address === UNCOUNTED) continue
      const group = groups.get(address)
      if (group) group.push(socket)
      else groups.set(address, [socket])
    }
    return [...groups.values()]
  }
}
