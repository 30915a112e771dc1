import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { XRPCError } from '@atproto/xrpc-server'
import { expect, test, vi } from 'vitest'
import type { AccountClient } from '../../services/objects/stubs.ts'
import { standIn } from '../../testing/stand-in.ts'
import { RECOUNT_EVERY, recountAccounts } from './recount.ts'

test('accounts are recounted one a day, in turns; one that is gone is passed over, a failure tried again', async () => {
  const stub = env.DIRECTORY.get(env.DIRECTORY.idFromName('recount'))
  await runInDurableObject(stub, async (_, { storage }) => {
    const dids = ['did:web:a.test', 'did:web:b.test', 'did:web:c.test']
    const list = (limit: number, after = '') =>
      dids
        .filter((did) => did > after)
        .slice(0, limit)
        .map((did) => ({ did, handle: did, email: null }))
    const recount = vi.fn(async (did: string) => {
      if (did === dids[1]) throw new XRPCError(400, 'gone', 'RepoNotFound')
      return []
    })
    const account = (did: string) =>
      standIn<AccountClient>({
        quota: standIn<AccountClient['quota']>({ recount: () => recount(did) }),
      })
    const job = recountAccounts(storage.kv, { list }, account)
    for (let day = 0; day < 4; day++) await job.run()
    expect(recount.mock.calls.flat()).toEqual([...dids, dids[0]])
    recount.mockRejectedValueOnce(new Error('no answer'))
    await expect(job.run()).rejects.toThrow('no answer')
    await job.run()
    expect(recount).toHaveBeenLastCalledWith(dids[1])
    expect(job.repeatAfter?.()).toBe(RECOUNT_EVERY)
  })
})
