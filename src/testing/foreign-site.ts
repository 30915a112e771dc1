/** A site somewhere on the network, for tests in workerd: the only thing that is stood in for. */
import { vi } from 'vitest'

/** What a site answers, by URL. */
export type Pages = Record<string, () => Response>

export interface ForeignSite {
  /** The requests that were sent out, in their order. */
  readonly asked: string[]
  /** What each of them said of who sent it. */
  readonly userAgents: (string | null)[]
  pages: Pages
}

/**
 * From now on nothing outside is there but `pages`. With fake answers `fetch` itself would follow no redirect, so
 * a 3xx is handed over as it is. End it with `vi.restoreAllMocks()`.
 */
export function foreignSite(pages: Pages = {}): ForeignSite {
  const site: ForeignSite = { asked: [], userAgents: [], pages }
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const { url, headers } = new Request(input as RequestInfo, init)
    site.asked.push(url)
    site.userAgents.push(headers.get('user-agent'))
    const page = site.pages[url]
    if (!page) throw new TypeError(`nothing at ${url}`)
    return page()
  })
  return site
}

/** JSON as a site serves it. */
export const jsonPage =
  (value: unknown): (() => Response) =>
  () =>
    Response.json(value)
