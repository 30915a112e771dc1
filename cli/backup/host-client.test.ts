/** A host that wants to be left alone: it is waited for, and not for ever. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { CommandError } from '../terminal/errors.ts'
import { HostClient } from './host-client.ts'

let asked = 0
/** `Retry-After` of each answer 429; then it answers, unless the last one is for ever. */
let busy: (string | undefined)[] = []
let isForEver = false
const server = createServer((_, response) => {
  asked++
  if (busy.length === 0) return void response.end('{"done":true}')
  const after = isForEver ? busy[0] : busy.shift()
  response.writeHead(429, { ...(after !== undefined && { 'retry-after': after }) }).end('{}')
})
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  asked = 0
  busy = []
  isForEver = false
})

const client = (patience: { pause: number; most: number }) =>
  new HostClient(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    'Basic eA==',
    undefined,
    patience,
  )

test('as long as it asks for, and then on', async () => {
  busy = ['0.01', '0.02', undefined]
  const answer = client({ pause: 1, most: 60_000 }).command('backup')
  expect(await answer).toEqual({ done: true })
  expect(asked).toBe(4)
})

test.each([['0'], [undefined], ['0.01'], ['nonsense'], ['-5']])(
  'with Retry-After %s for ever, it is given up in words',
  async (after) => {
    busy = [after]
    isForEver = true
    const answer = client({ pause: 1, most: 50 }).command('backup')
    await expect(answer).rejects.toThrow(CommandError)
    await expect(answer).rejects.toThrow(/wants to be left alone .*run the same command again/)
    expect(asked).toBeLessThan(60)
  },
)

test.each([['3600'], ['1e300'], [new Date(Date.now() + 86_400_000).toUTCString()]])(
  'with Retry-After %s, nobody waits: when to go on is said',
  async (after) => {
    busy = [after]
    const answer = client({ pause: 1, most: 60_000 }).command('backup')
    await expect(answer).rejects.toThrow(/again in \d\S* minutes, at .* UTC or later/)
    expect(asked).toBe(1)
  },
)
