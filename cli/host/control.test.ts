import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { collectAfterStart, makeControlSocket } from './control.ts'

/** A socket, and what it is asked. */
async function listen(): Promise<{ path: string; asked: string[] }> {
  const { path, remove } = makeControlSocket()
  const asked: string[] = []
  const server = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`)
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(() => {
    server.close()
    remove()
  })
  return { path, asked }
}

test('the Worker is asked once to collect what the start has left', async () => {
  const { path, asked } = await listen()
  await collectAfterStart(path, new AbortController().signal, 1)
  expect(asked).toEqual(['POST /collect'])
})

test('one that has ended before is asked nothing, and one that does not listen is no failure', async () => {
  const { path, asked } = await listen()
  const ended = new AbortController()
  const waiting = collectAfterStart(path, ended.signal)
  ended.abort()
  await waiting
  expect(asked).toEqual([])
  await collectAfterStart(`${path}-of-nobody`, new AbortController().signal, 1)
})
