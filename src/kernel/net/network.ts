/** Where requests to others leave this host: each says whose it is. */
import type { Fetch } from './guarded-fetch.ts'

export interface Network {
  /** To addresses that strangers chose: public ones only, unless the settings say otherwise. */
  readonly public: Fetch
  /** To addresses that the operator chose, which may be private. */
  readonly operator: Fetch
}

/** A binding through which requests go instead of the global `fetch`. */
type Way = { fetch(url: string, init: RequestInit): Promise<Response> }

/**
 * @param userAgent what every request says of who sends it; a client's own does not cross
 * @param operator the way to the operator's services, if it is another
 */
export const makeNetwork = (userAgent: string, operator?: Way): Network => {
  const signed = ({ headers, ...init }: RequestInit): RequestInit => {
    const all = new Headers(headers)
    all.set('user-agent', userAgent)
    return { ...init, headers: all }
  }
  // The global is looked up with each request: tests put a stand-in there.
  return {
    public: (url, init) => globalThis.fetch(url, signed(init)),
    operator: (url, init) => (operator ?? globalThis).fetch(url, signed(init)),
  }
}
