/** workerd ends when it has no file left to open: whoever holds enough connections brings that about. */
import { execFileSync } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HANDLE, PASSWORD, startServer, type TestServer, workerdPidOf } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

function openConnection(): Socket {
  const { hostname, port } = new URL(server.origin)
  return connect({ host: hostname, port: Number(port) }).on('error', () => undefined)
}

const answers = (): Promise<boolean> =>
  fetch(`${server.origin}/xrpc/_health`).then(
    ({ ok }) => ok,
    () => false,
  )

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50))
}

test('a server that ran out of files is started again, with all that it acknowledged', async () => {
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: HANDLE, password: PASSWORD })
  const { uri } = await agent.post({ text: 'kept', createdAt: new Date().toISOString() })
  const first = workerdPidOf(server)
  // A connection takes two files, so that it depends on the limit whether workerd ends or only the connection does.
  for (let limit = 120; workerdPidOf(server) === first; limit++) {
    execFileSync('prlimit', ['--pid', String(first), `--nofile=${limit}:`])
    const sockets = Array.from({ length: 200 }, () => openConnection())
    await new Promise((resolve) => setTimeout(resolve, 500))
    for (const socket of sockets) socket.destroy()
  }
  await until(answers)
  expect(workerdPidOf(server)).not.toBe(first)
  const { data } = await agent.com.atproto.repo.listRecords({
    repo: agent.assertDid,
    collection: 'app.bsky.feed.post',
  })
  expect(data.records.map((record) => record.uri)).toContain(uri)
})
