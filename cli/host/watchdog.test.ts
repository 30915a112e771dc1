import { createServer, type Server } from 'node:http'
import { expect, onTestFinished, test, vi } from 'vitest'
import { makeControlSocket } from './control.ts'
import { endIfStuck } from './watchdog.ts'

/** A socket on which `answer` decides about each request. */
async function listen(answer: (n: number) => boolean): Promise<string> {
  const { path, remove } = makeControlSocket()
  let asked = 0
  const server: Server = createServer((_, response) => {
    if (answer(asked++)) response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
    remove()
  })
  return path
}

/** ms. Each of six looks has a sixth of it, in which a busy machine has to answer. */
const LIMIT = 300

test('who answers, now and then, is left alone', async () => {
  let asked = 0
  const control = await listen((n) => {
    asked = n
    return n % 2 === 0
  })
  const killed: unknown[] = []
  const over = new AbortController()
  const workerd = { kill: (by?: number | NodeJS.Signals) => killed.push(by) > 0 }
  const watching = endIfStuck({ control, process: workerd }, over.signal, LIMIT)
  await vi.waitFor(() => expect(asked).toBeGreaterThan(12))
  over.abort()
  await watching
  expect(killed).toEqual([])
})

test('who answers no more is ended', async () => {
  const control = await listen((n) => n < 2)
  const killed: unknown[] = []
  const workerd = { kill: (by?: number | NodeJS.Signals) => killed.push(by) > 0 }
  const { signal } = new AbortController()
  expect(await endIfStuck({ control, process: workerd }, signal, LIMIT)).toBe(true)
  expect(killed).toEqual(['SIGKILL'])
})
