/** What an identity must say before its account is switched on, as in the reference; the message says what to change. */
import { expect, test } from 'vitest'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'
import { standIn } from '../../testing/stand-in.ts'
import type { PlcDirectory } from '../identity/plc.ts'
import type { AccountClient } from '../objects/stubs.ts'
import type { AccountDependencies } from './dependencies.ts'
import { identityProblem } from './identity-check.ts'

const DID = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const publicUrl = 'https://pds.example.com'
const [signing, rotation, own] = [0, 1, 2].map(() => SigningKey.generate().did())

/** What is wrong with an identity that has this host, this key, and these rotation keys. */
function problemOf(host: string, key = '', rotationKeys: (string | undefined)[] = []) {
  const document = {
    id: DID,
    verificationMethod: [
      {
        id: `${DID}#atproto`,
        type: 'Multikey',
        controller: DID,
        publicKeyMultibase: key.slice('did:key:'.length),
      },
    ],
    service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: host }],
  }
  const account = standIn<AccountClient>({
    keys: standIn<AccountClient['keys']>({ publicKey: async () => signing ?? '' }),
  })
  const dependencies = standIn<AccountDependencies>({
    config: standIn<AccountDependencies['config']>({ publicUrl }),
    identity: standIn<AccountDependencies['identity']>({ did: async () => document }),
    objects: standIn<AccountDependencies['objects']>({ account: () => account }),
    plc: standIn<PlcDirectory>({
      rotationDidKey: () => rotation ?? '',
      ownDidKeys: () => [rotation ?? ''],
      documentData: async () => ({ rotationKeys: rotationKeys as string[] }) as never,
    }),
  })
  return identityProblem(dependencies, DID)
}

test('nothing is wrong with one that leads here and can be changed from here', async () => {
  expect(await problemOf(publicUrl, signing, [own, rotation])).toBeUndefined()
})

test('another host, and which it has to be', async () => {
  const problem = await problemOf('https://old.example.com', signing, [rotation])
  expect(problem).toMatch(/^DID document atproto_pds service endpoint does not match/)
  expect(problem).toContain(`it is https://old.example.com, and has to be ${publicUrl}`)
})

test('another signing key, and which it has to be', async () => {
  const problem = await problemOf(publicUrl, own, [rotation])
  expect(problem).toMatch(/^DID document verification method does not match/)
  expect(problem).toContain(`it is ${own}, and has to be ${signing}`)
})

test('rotation keys of its owner only, and which is missing', async () => {
  const problem = await problemOf(publicUrl, signing, [own])
  expect(problem).toMatch(/^Server rotation key not included in PLC DID data/)
  expect(problem).toContain(`add ${rotation} to its rotationKeys`)
})
