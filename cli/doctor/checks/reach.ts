/** Whether the host can be reached: names, certificates, the answer itself. */

import { fieldsOf, orReason } from '../answers.ts'
import type { Check } from '../check.ts'
import { type Finding, foundIf, Skipped, WELL } from '../finding.ts'
import { certificateProblem, NO_NAME } from '../outside.ts'
import { HEALTH, isOwnRefusal, type World } from '../world.ts'

/** Days before the end of a certificate: from when on nobody renews it any more, and when it is urgent. */
const RENEWED = 14
const URGENT = 3

const NAME_IT = 'Add an A or AAAA record for the host name where its DNS is kept'

/** ms */
const DAY = 24 * 60 * 60 * 1000
/** By how much a clock may be off before proofs of apps and service tokens are refused, and when one should look. */
const CLOCK_ERROR = 60_000
const CLOCK_WARNING = 10_000

/** @throws Skipped */
function assertPublic(world: World): void {
  if (!world.isPublic) throw new Skipped('the host is on this machine only (PDS_HOSTNAME)')
}

async function addresses(world: World, name: string): Promise<string[]> {
  assertPublic(world)
  const [v4, v6] = await Promise.all([world.dns(name, 'A'), world.dns(name, 'AAAA')])
  return [...v4, ...v6]
}

async function certificateOf(world: World, name: string) {
  assertPublic(world)
  const presented = await orReason(world.outside.certificate(name))
  if ('unreachable' in presented) {
    throw new Skipped(`no TLS connection to ${name}: ${presented.unreachable}`)
  }
  return presented
}

function expiry(name: string, validTo: string): readonly Finding[] {
  const days = Math.floor((Date.parse(validTo) - Date.now()) / DAY)
  // What has expired is no valid certificate, and said there.
  if (days >= RENEWED || days < 0) return WELL
  const what = `The certificate of ${name} expires in ${days} days (${validTo}).`
  return [{ what, severity: days < URGENT ? 'error' : 'warning' }]
}

export const reachChecks: readonly Check[] = [
  {
    of: 'host',
    id: 'host-answers',
    title: 'The host answers under its public name',
    severity: 'error',
    means: 'Nobody can sign in, read or write here, and the network sees nothing of this host.',
    mend: 'Start it (`npx cumulus serve`), and let the proxy in front of it lead to PDS_PORT',
    async run(world) {
      const answer = await orReason(world.get(HEALTH))
      const { publicUrl } = world.place
      if ('unreachable' in answer) {
        const what = `${publicUrl} cannot be reached: ${answer.unreachable}.`
        return [{ what, ...(answer.unreachable === NO_NAME && { mend: NAME_IT }) }]
      }
      const { status, json } = answer
      const { version } = fieldsOf(json)
      // A full disk has a check of its own.
      if (isOwnRefusal(answer)) return WELL
      if (status !== 200) return [{ what: `${publicUrl}${HEALTH} answers ${status}.` }]
      const { reported } = world
      const isOther = 'report' in reported && version !== reported.report.version
      return foundIf(isOther, () => ({
        what: `${publicUrl} is answered by another server than the one whose operator you are.`,
      }))
    },
  },
  {
    of: 'host',
    id: 'operator-access',
    title: 'The host answers its operator',
    severity: 'error',
    means: 'Only what everybody sees of it can be looked at.',
    mend: 'Start it (`npx cumulus serve`), or set PDS_ADMIN_PASSWORD, PDS_DATA_DIRECTORY or `--host` so that they lead to it',
    run: async ({ reported }) => ('why' in reported ? [{ what: reported.why }] : WELL),
  },
  {
    of: 'host',
    id: 'dns-host',
    title: 'The host name is in DNS',
    severity: 'error',
    means: 'Nobody finds this host: apps cannot sign in, relays cannot crawl it.',
    mend: NAME_IT,
    async run(world) {
      const { hostname } = world.place
      const found = await addresses(world, hostname)
      return foundIf(found.length === 0, () => ({ what: `${hostname} has no address in DNS.` }))
    },
  },
  {
    of: 'host',
    id: 'dns-handles',
    title: 'Names below the handle domains are in DNS',
    severity: 'error',
    means: 'Handles of accounts here are shown as invalid (handle.invalid).',
    mend: 'Add a wildcard record for each domain of PDS_SERVICE_HANDLE_DOMAINS (docs/self-hosting.md, docs/deploy.md)',
    async run(world) {
      const missing = await Promise.all(
        world.status.handleDomains.map(async (domain) => {
          const found = await addresses(world, `cumulus-doctor${domain}`)
          return found.length === 0 ? [{ what: `*${domain} has no address in DNS.` }] : []
        }),
      )
      return missing.flat()
    },
  },
  {
    of: 'host',
    id: 'tls-host',
    title: 'The certificate of the host is valid',
    severity: 'error',
    means: 'Browsers, apps and relays refuse to talk to this host.',
    mend: 'Let the proxy get a certificate for the host name (docs/self-hosting.md)',
    async run(world) {
      const { hostname } = world.place
      const { problem } = await certificateOf(world, hostname)
      return foundIf(problem !== undefined, () => ({
        what: `The certificate of ${hostname} ${certificateProblem(problem ?? '')}.`,
      }))
    },
  },
  {
    of: 'host',
    id: 'tls-handles',
    title: 'There are certificates for handles',
    severity: 'error',
    means: 'Handles of accounts here cannot be looked up, and are shown as invalid.',
    mend: 'Get a wildcard certificate, or one for each handle on demand (docs/self-hosting.md)',
    async run(world) {
      assertPublic(world)
      // Of an account: a proxy that gets certificates on demand gets none for anything else.
      const handle = world.accounts.find((account) => world.isOurName(account.handle))?.handle
      if (!handle) throw new Skipped('no account that is looked at has a handle of this host')
      const { problem } = await certificateOf(world, handle)
      return foundIf(problem !== undefined, () => ({
        what: `The certificate of ${handle} ${certificateProblem(problem ?? '')}.`,
      }))
    },
  },
  {
    of: 'host',
    id: 'tls-expiry',
    title: 'The certificate lasts',
    severity: 'warning',
    means: 'Once it has expired, nobody can talk to this host any more.',
    mend: 'See why the proxy does not renew it: its log says so',
    async run(world) {
      const { hostname } = world.place
      const { certificate } = await certificateOf(world, hostname)
      return expiry(hostname, certificate.valid_to)
    },
  },
  {
    of: 'host',
    id: 'clock',
    title: 'The clock of the host is right',
    severity: 'error',
    means: 'Apps cannot sign in, and tokens for other services are refused.',
    mend: 'Let the machine set its clock by itself: timedatectl set-ntp true',
    async run(world) {
      const { plcUrl } = world.status
      // Others whose clock is known to be right: each answer says the time.
      await orReason(world.ask(plcUrl, '/'))
      const clocks = [...world.clocks].sort((one, other) => one - other)
      const middle = clocks[Math.floor(clocks.length / 2)]
      if (middle === undefined) throw new Skipped('nobody outside has said what time it is')
      const off = world.hostClock - middle
      // Answers say the time in seconds.
      if (Math.abs(off) < CLOCK_WARNING) return WELL
      const severity = Math.abs(off) < CLOCK_ERROR ? 'warning' : 'error'
      const side = off > 0 ? 'ahead' : 'behind'
      return [{ what: `The clock is ${Math.round(Math.abs(off) / 1000)} s ${side}.`, severity }]
    },
  },
]
