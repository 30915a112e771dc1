import { createServer, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
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

const LIMIT = 120

test('who answers, now and then, is left alone', async () => {
  const control = await listen((n) => n % 2 === 0)
  const killed: unknown[] = []
  const over = new AbortController()
  const workerd = { kill: (by?: number | NodeJS.Signals) => killed.push(by) > 0 }
  const watching = endIfStuck({ control, process: workerd }, over.signal, LIMIT)
  await sleep(400)
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
