/** An object of the index that hangs keeps nobody else. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { expect, test, vi } from 'vitest'
import { cidOf } from '../kernel/cbor/cid.ts'
import { hostObjects, indexStub, sequencerStub } from '../services/objects/stubs.ts'
import { useCollections } from '../testing/collections.ts'
import { makeAccount } from '../testing/host.ts'

const NOTE = 'com.example.note'

test('after a restart of the sequencer one event waits for an index that hangs, and later ones do not', async () => {
  await useCollections({ [NOTE]: { index: { byNumber: ['n'] } } as never })
  const { did } = await makeAccount()
  const objects = hostObjects(env)
  await objects.hostIndex.operator.report()
  await evictDurableObject(sequencerStub(env) as never)
  const { promise, resolve } = Promise.withResolvers<void>()
  const hanging = runInDurableObject(indexStub(env) as never, (_, state: DurableObjectState) =>
    state.blockConcurrencyWhile(() => promise),
  )
  const headOf = async () => (await sequencerStub(env).status()).head
  /** ms until a write is in the log. */
  const timeOf = async (n: number) => {
    const before = await headOf()
    const began = Date.now()
    const block = encode({ $type: NOTE, n })
    const record = { cid: cidOf(block), block, blobs: [] }
    const put = { action: 'put', collection: NOTE, rkey: `k${n}`, record } as const
    await objects.account(did).repository.write({ writes: [put] })
    await vi.waitFor(async () => expect(await headOf()).toBeGreaterThan(before), { interval: 10 })
    return Date.now() - began
  }
  try {
    await timeOf(0)
    // As long as the first one waits.
    expect(await timeOf(1)).toBeLessThan(2_000)
    expect(await timeOf(2)).toBeLessThan(2_000)
  } finally {
    resolve()
    await hanging
  }
})
