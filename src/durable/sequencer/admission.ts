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

  constructor(ctx: DurableObjectState, caps: ConsumerCaps) {
    this.#ctx = ctx
    this.#caps = caps
  }

  /**
   * Whether a newcomer gets a place; where it has to be made, that is the socket to be closed.
   *
   * @param address undefined: it is not counted by address
   */
  ask(address: string | undefined): boolean | WebSocket {
    const { total, perAddress } = this.#caps
    const counted = address === undefined ? [] : this.#ctx.getWebSockets(address)
    if (counted.length >= perAddress) return false
    // Who has an IPv6 /48 has 65,536 addresses of this kind.
    const own = address === undefined ? 0 : this.#ctx.getWebSockets(siteOf(address)).length
    if (own >= SITE * perAddress) return false
    const all = this.#ctx.getWebSockets()
    const open = all.filter(({ readyState }) => readyState === WebSocket.READY_STATE_OPEN)
    if (open.length < total) return true
    // Those that are being closed are not counted above, and must not become many either.
    if (all.length >= 2 * total) return false
    const [busiest] = this.#byAddress(open).sort((one, other) => other.length - one.length)
    return busiest && busiest.length > own + 1 ? (busiest.at(-1) ?? false) : false
  }

  accept(socket: WebSocket, address: string | undefined): void {
    this.#ctx.acceptWebSocket(socket, address ? [siteOf(address), address] : [UNCOUNTED])
  }

  /** Where a consumer comes from, as it is counted; undefined: it is not. */
  addressOf(socket: WebSocket): string | undefined {
    return this.#ctx.getTags(socket)[1]
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
