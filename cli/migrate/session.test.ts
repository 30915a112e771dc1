/** Signing in at a host that asks for codes as bsky.social does: each is mailed anew, and the newest alone is good. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { MoveError } from './errors.ts'
import { PATIENCE, Remote } from './remote.ts'
import { Session } from './session.ts'

let mailed = 0
let sentWith: (string | undefined)[] = []
const server = createServer(async (request, response) => {
  const { password, authFactorToken } = (await json(request)) as Record<string, string>
  sentWith.push(authFactorToken)
  const answer = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  if (password !== 'right')
    return answer(401, { error: 'AuthenticationRequired', message: 'Invalid' })
  if (authFactorToken === undefined) {
    const message = `code ${++mailed} was sent`
    return answer(401, { error: 'AuthFactorTokenRequired', message })
  }
  if (authFactorToken === `code-${mailed}`) {
    return answer(200, { did: 'did:web:mover.test', accessJwt: 'a', refreshJwt: 'r' })
  }
  return answer(400, { error: 'InvalidToken', message: 'Token is invalid' })
})
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => server.close())
beforeEach(() => {
  mailed = 0
  sentWith = []
})

function sessionWith(more: { password?: string; givenCode?: string; typed?: string[] }) {
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const options = {
    patience: PATIENCE,
    signal: new AbortController().signal,
    onWait: () => undefined,
  }
  const told: string[] = []
  const typed = [...(more.typed ?? [])]
  const session = new Session({
    remote: new Remote('the old host', origin, options),
    did: 'did:web:mover.test',
    token: undefined,
    password: async () => more.password ?? 'right',
    givenCode: more.givenCode,
    async code() {
      const next = typed.shift()
      if (next === undefined) throw new MoveError('nobody is here')
      return next
    },
    onWrongCode: (line) => void told.push(line),
    keep: () => undefined,
  })
  return { session, told }
}

test('a code that is given along is sent at once, so that it stays the newest', async () => {
  mailed = 1
  const { session } = sessionWith({ givenCode: 'code-1' })
  expect(await session.token()).toBe('a')
  expect(mailed).toBe(1)
})

test('one that is not good any more is told of, and asked for once more', async () => {
  mailed = 1
  const { session, told } = sessionWith({ givenCode: 'code-0', typed: ['code-2'] })
  expect(await session.token()).toBe('a')
  expect(told).toEqual([expect.stringContaining('does not take the code')])
  const nobody = sessionWith({ givenCode: 'code-0' })
  await expect(nobody.session.token()).rejects.toThrow('nobody is here')
})

test('a wrong one is typed again; nothing has another one mailed', async () => {
  const { session, told } = sessionWith({ typed: ['code-7', '', 'code-2'] })
  expect(await session.token()).toBe('a')
  expect(sentWith).toEqual([undefined, 'code-7', undefined, 'code-2'])
  expect(told).toHaveLength(1)
})

test('a wrong password is no wrong code, and nobody types for ever', async () => {
  const wrong = sessionWith({ password: 'wrong', givenCode: 'code-0' })
  await expect(wrong.session.token()).rejects.toThrow(/Signing in at .* failed: .*Invalid/)
  const many = sessionWith({ typed: Array(50).fill('code-0') })
  await expect(many.session.token()).rejects.toThrow('Token is invalid')
  expect(sentWith.length).toBeLessThan(12)
})
