/** What the host says of itself at well-known places. */

import { fieldsOf, orReason } from '../answers.ts'
import type { Check } from '../check.ts'
import type { Finding } from '../finding.ts'
import type { World } from '../world.ts'

/** A field that has to have a value. */
interface Expected {
  path: string
  field: string
  /** What it has to be, or begin with for a list. */
  value: string
}

async function compare(world: World, { path, field, value }: Expected): Promise<Finding[]> {
  const answer = await orReason(world.get(path))
  if ('unreachable' in answer) {
    await world.assertHostAnswers()
    return [{ what: `${path} cannot be read: ${answer.unreachable}.` }]
  }
  if (answer.status >= 500) await world.assertHostAnswers()
  if (answer.status !== 200) return [{ what: `${path} answers ${answer.status}.` }]
  const found = fieldsOf(answer.json)[field]
  const first = Array.isArray(found) ? found[0] : found
  if (first === value) return []
  return [{ what: `${path} has ${field} = ${String(first)}, and should have ${value}.` }]
}

const all = async (world: World, expected: readonly Expected[]) =>
  (await Promise.all(expected.map((one) => compare(world, one)))).flat()

export const documentChecks: readonly Check[] = [
  {
    of: 'host',
    id: 'well-known-did',
    title: 'The host says who it is',
    severity: 'error',
    means: 'Accounts cannot move here, and other services do not believe this host.',
    mend: 'Let the proxy pass /.well-known/did.json on, and look at PDS_SERVICE_DID',
    run: (world) =>
      all(world, [
        { path: '/.well-known/did.json', field: 'id', value: world.status.serviceDid },
        {
          path: '/xrpc/com.atproto.server.describeServer',
          field: 'did',
          value: world.status.serviceDid,
        },
      ]),
  },
  {
    of: 'host',
    id: 'well-known-oauth',
    title: 'Apps find where to sign in',
    severity: 'error',
    means: 'Apps that sign in with OAuth say that this host does not work.',
    mend: 'Let the proxy pass /.well-known/ on to Cumulus, and PDS_HOSTNAME be the public name',
    run: (world) => {
      const { publicUrl: value } = world.place
      return all(world, [
        { path: '/.well-known/oauth-protected-resource', field: 'authorization_servers', value },
        { path: '/.well-known/oauth-authorization-server', field: 'issuer', value },
      ])
    },
  },
]
