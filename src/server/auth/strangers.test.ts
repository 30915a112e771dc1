/** No request brings an object into being by the name of somebody who is not here. */
import { listDurableObjectIds } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import type { LexXrpcProcedure, LexXrpcQuery } from '@atproto/lexicon'
import { expect, test } from 'vitest'
import { routes } from '../../generated/routes.ts'
import { lexicons } from '../../kernel/lexicons.ts'
import { tryPassword } from '../../services/accounts/passwords.ts'
import { hostObjects } from '../../services/objects/stubs.ts'
import { basic, makeAccount, send } from '../../testing/host.ts'

const STRANGERS = [
  'did:web:stranger.test',
  'did:web:stranger.example.com',
  'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
  'stranger.test',
]

/** Values where the lexicon, or the method, asks for something of a form. */
const samples: Record<string, (who: string) => unknown> = {
  cid: () => 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a',
  cids: () => 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a',
  collection: () => 'com.example.note',
  rkey: () => 'self',
  lxm: () => 'com.example.method',
  nsid: () => 'com.example.note',
  limit: () => 1,
  aud: (who) => who,
  feed: (who) => `at://${who}/app.bsky.feed.generator/a`,
  uri: (who) => `at://${who}/app.bsky.feed.post/a`,
  uris: (who) => `at://${who}/app.bsky.feed.post/a`,
  record: () => ({ text: 'x' }),
  writes: () => [],
  subject: (did) => ({ $type: 'com.atproto.admin.defs#repoRef', did }),
  takedown: () => ({ applied: true }),
  handle: () => 'new-name.test',
  preferences: () => [],
  password: () => 'a long password',
  email: () => 'stranger@example.com',
  codeCount: () => 1,
  useCount: () => 1,
  codes: () => [],
  accounts: (who) => [who],
  recoveryKey: () => undefined,
  plcOp: () => undefined,
  privileged: () => false,
  allowTakendown: () => true,
  validate: () => false,
  emailAuthFactor: () => false,
  createAvailable: () => false,
  includeUsed: () => true,
}

type Properties = Record<string, unknown>

const fill = (properties: Properties | undefined, who: string): [string, unknown][] =>
  Object.keys(properties ?? {})
    .map((name): [string, unknown] => [name, name in samples ? samples[name]?.(who) : who])
    .filter(([, value]) => value !== undefined)

async function call(nsid: string, who: string, authorization: string | undefined): Promise<void> {
  const method = lexicons().getDefOrThrow(nsid) as LexXrpcQuery | LexXrpcProcedure
  const params = fill(method.parameters?.properties, who).map(([name, value]) => [name, `${value}`])
  const isProcedure = method.type === 'procedure'
  const schema = isProcedure ? method.input?.schema : undefined
  const properties = schema?.type === 'object' ? schema.properties : undefined
  const encoding = isProcedure ? method.input?.encoding : undefined
  const response = await send(`/xrpc/${nsid}?${new URLSearchParams(params)}`, {
    method: isProcedure ? 'POST' : 'GET',
    headers: {
      ...(authorization && { authorization }),
      ...(encoding && { 'content-type': encoding === '*/*' ? 'text/plain' : encoding }),
    },
    ...(encoding && { body: JSON.stringify(Object.fromEntries(fill(properties, who))) }),
  })
  await response.arrayBuffer()
}

test('by any method, with whatever credentials', async () => {
  const { accessJwt } = await makeAccount()
  const objects = hostObjects(env)
  const lookup = { findByIdentifier: async () => undefined }
  // What does the work for names that nobody has is there already.
  await Promise.all(
    Array.from({ length: 24 }, (_, n) =>
      tryPassword(
        { objects, lookup, countTry: async () => true },
        { identifier: `nobody ${n}`, password: 'x' },
        async () => null,
      ),
    ),
  )
  const before = await listDurableObjectIds(env.ACCOUNTS)
  const credentials = [undefined, `Bearer ${accessJwt}`, basic('admin', 'test admin password')]
  let calls = 0
  for (const [nsid, route] of Object.entries(routes)) {
    if (route.to !== 'local' || route.kind === 'subscription') continue
    // With these somebody comes here.
    if (nsid === 'com.atproto.server.createAccount') continue
    for (const authorization of credentials) {
      for (const who of STRANGERS) {
        await call(nsid, who, authorization)
        calls++
      }
    }
  }
  expect(calls).toBeGreaterThan(500)
  const after = await listDurableObjectIds(env.ACCOUNTS)
  expect(after.map(String).sort()).toEqual(before.map(String).sort())
}, 120_000)
