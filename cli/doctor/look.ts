/** What a host says of itself, and what is known of it where it says nothing. */
import type { HostReport } from '../../src/contracts/host-report.ts'
import { messageOf } from './answers.ts'
import type { AskHost, Place, Reported } from './world.ts'

/** The resolver that a host asks unless its settings name another. */
const DOH_URL = 'https://cloudflare-dns.com/dns-query'

/**
 * @param host URL of the host, where one was named
 * @throws what `askHost` throws, where nothing is known of the host otherwise
 */
export async function lookAt(
  askHost: AskHost,
  host: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<{ place: Place; reported: Reported }> {
  try {
    const report = (await askHost('/operator/status', {})) as unknown as HostReport
    return { place: report, reported: { report, readAt: Date.now() } }
  } catch (error) {
    const place = placeOf(host, env)
    if (!place) throw error
    return { place, reported: { why: messageOf(error) } }
  }
}

/** undefined: it is a host of this machine, or nobody knows which. */
function placeOf(host: string | undefined, env: NodeJS.ProcessEnv): Place | undefined {
  const { PDS_HOSTNAME: name, PDS_DOH_URL: dohUrl = DOH_URL } = env
  const url = URL.parse(host ?? (name && name !== 'localhost' ? `https://${name}` : ''))
  if (url?.protocol !== 'https:') return undefined
  return { hostname: url.hostname, publicUrl: url.origin, dohUrl }
}
