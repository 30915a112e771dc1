import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import type { Env } from '../../contracts/env.ts'
import { ConfigError } from '../../kernel/config/config.ts'
import { assertLocation } from './location.ts'
import { accountStub, locationStub } from './stubs.ts'

/** The settings of another isolate. */
const isolate = (): Env => ({ ...env })

test('where the data are is recorded at first use, and a later change is refused', async () => {
  await assertLocation(isolate(), 'weur')
  await assertLocation(isolate(), 'weur')
  const changed = assertLocation(isolate(), 'eu')
  await expect(changed).rejects.toBeInstanceOf(ConfigError)
  await expect(changed).rejects.toThrow(
    'PDS_DATA_LOCATION is eu, but the data of this host are in weur',
  )
  await runInDurableObject(locationStub(env), (_, { storage }) =>
    storage.kv.delete('data location'),
  )
})

/** Writes down how an object is asked for; the runtime here knows no places. */
function recordingNamespace() {
  const calls: unknown[] = []
  const namespace = {
    idFromName: (name: string) => name,
    get: (...args: unknown[]) => calls.push(args),
    jurisdiction(place: string) {
      calls.push(place)
      return namespace
    },
  }
  return { calls, namespace: namespace as unknown as Env['ACCOUNTS'] }
}

test.each([
  [undefined, [['did:web:a']]],
  ['auto', [['did:web:a']]],
  ['eu', ['eu', ['did:web:a']]],
  ['weur', [['did:web:a', { locationHint: 'weur' }]]],
])('with %s an object is asked for in that place', (PDS_DATA_LOCATION, expected) => {
  const { calls, namespace } = recordingNamespace()
  accountStub({ ...env, ACCOUNTS: namespace, PDS_DATA_LOCATION }, 'did:web:a')
  expect(calls).toEqual(expected)
})
