import { expect, test } from 'vitest'
import { NO_NAME, UnreachableError } from '../outside.ts'
import type { World } from '../world.ts'
import { reachChecks } from './reach.ts'

const answers = reachChecks.find(({ id }) => id === 'host-answers')

/** A host that cannot be reached, for a reason. */
const unreachable = (reason: string) =>
  ({
    get: () => Promise.reject(new UnreachableError(reason)),
    place: { publicUrl: 'https://pds.example.com' },
  }) as unknown as World

test('to start a host does not help one whose name is not in DNS', async () => {
  const [withoutName] = (await answers?.run(unreachable(NO_NAME), undefined as never)) ?? []
  expect(withoutName?.mend).toContain('record for the host name')
  const [down] = (await answers?.run(unreachable('nobody listens there'), undefined as never)) ?? []
  expect(down?.mend).toBeUndefined()
})
