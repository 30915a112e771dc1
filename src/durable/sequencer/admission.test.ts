/** How many consumers there may be, and who makes room for whom. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { collect } from '../../testing/consumer.ts'
import { SequencerObject } from '../sequencer.ts'

test('when all places are taken, a newcomer gets one of the address that has most, or none', () =>
  runInDurableObject(env.SEQUENCER.get(env.SEQUENCER.idFromName('admission')), async (_, ctx) => {
    const limits = { PDS_FIREHOSE_MAX_CONSUMERS: '4', PDS_FIREHOSE_MAX_CONSUMERS_PER_ADDRESS: '3' }
    const sequencer = new SequencerObject(ctx, { ...env, ...limits })
    const connect = async (address?: string) => {
      const url = new URL('http://sequencer/')
      if (address) url.searchParams.set('address', address)
      const { webSocket, status } = await sequencer.fetch(new Request(url))
      return { status, consumer: webSocket && collect(webSocket) }
    }
    for (let n = 0; n < 3; n++) expect((await connect('a')).status).toBe(101)
    expect((await connect('a')).status).toBe(429)
    expect((await connect('b')).status).toBe(101)
    expect(await sequencer.status()).toMatchObject({ consumers: 4 })
    // The newest of the address with most goes, and is asked to come again.
    expect((await connect('c')).status).toBe(101)
    expect(await sequencer.status()).toMatchObject({ consumers: 4 })
    // Nobody has two more than another any longer.
    expect((await connect('b')).status).toBe(429)
    expect((await connect('d')).status).toBe(101)
    expect((await connect('e')).status).toBe(429)
  }))

test('an IPv6 /48 has twice as many as one of its networks, and not more', () =>
  runInDurableObject(env.SEQUENCER.get(env.SEQUENCER.idFromName('site')), async (_, ctx) => {
    const limits = { PDS_FIREHOSE_MAX_CONSUMERS: '9', PDS_FIREHOSE_MAX_CONSUMERS_PER_ADDRESS: '2' }
    const sequencer = new SequencerObject(ctx, { ...env, ...limits })
    const connect = async (address: string) =>
      (await sequencer.fetch(new Request(`http://sequencer/?address=${address}`))).status
    const statuses: number[] = []
    for (let n = 1; n <= 6; n++) statuses.push(await connect(`2001:db8:77:${n}::/64`))
    expect(statuses).toEqual([101, 101, 101, 101, 429, 429])
    expect(await connect('2001:db8:78:1::/64')).toBe(101)
  }))
