/** Secrets of a host that gets them from Cloudflare: with a stand-in for wrangler, and a host that is started with what that was given. */
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { makeAccounts } from '../support/accounts.ts'
import { runCumulus } from '../support/command.ts'
import { freePort, startServer } from '../support/server.ts'

const PASSWORD = 'the password of the operator'
const OLD = {
  PDS_ADMIN_PASSWORD: PASSWORD,
  PDS_JWT_SECRET: 'the former jwt secret',
  PDS_KEY_SECRET: 'the former key secret',
}

test('a deployed host accepts a secret before it uses it, and gets it by standard input only', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cumulus-secrets-'))
  const [state, log] = [join(folder, 'state.json'), join(folder, 'log')]
  writeFileSync(state, JSON.stringify({ signedIn: true, values: OLD }))
  writeFileSync(log, '')
  const valuesNow = (): Record<string, string> => {
    try {
      return JSON.parse(readFileSync(state, 'utf8')).values
    } catch {
      // It is being written.
      return {}
    }
  }
  const port = await freePort()
  let values = valuesNow()
  const dataDirectory = mkdtempSync(join(tmpdir(), 'cumulus-'))
  writeFileSync(join(dataDirectory, 'secrets.json'), JSON.stringify(OLD))
  let server = await startServer({ dataDirectory, port, env: values })
  const [account] = await makeAccounts(server, 1)
  const deployments = new AbortController()
  // Whatever wrangler is given is deployed.
  const deploying = (async () => {
    while (!deployments.signal.aborted) {
      const now = valuesNow()
      if (Object.keys(now).length >= 3 && JSON.stringify(now) !== JSON.stringify(values)) {
        await server.stop()
        server = await startServer({ dataDirectory, port, env: now })
        values = now
      }
      await sleep(20)
    }
  })()
  const rotate = (...args: string[]) =>
    runCumulus(
      [
        'secret',
        'rotate',
        ...args,
        '--cloudflare',
        '--host',
        server.origin,
        '--folder',
        folder,
        '--settle',
        '0',
      ],
      {
        CUMULUS_WRANGLER: join(import.meta.dirname, '../support/wrangler-stand-in.mjs'),
        STAND_IN_STATE: state,
        STAND_IN_LOG: log,
        CUMULUS_ENV_FILE: '',
        PDS_ADMIN_PASSWORD: PASSWORD,
      },
    )
  const key = await rotate('key')
  expect(key).toMatchObject({ code: 0 })
  expect(key.output).toContain('the old secret may go')
  // Cloudflare goes on answering meanwhile.
  await vi.waitFor(() => {
    if (values.PDS_NEXT_KEY_SECRET) throw new Error('not deployed yet')
  })
  const jwt = await rotate('jwt')
  expect(jwt, jwt.output).toMatchObject({ code: 0 })
  expect(jwt.output).toContain('nobody was signed out')
  const write = await fetch(`${server.origin}/xrpc/com.atproto.repo.createRecord`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${account?.accessJwt}`,
    },
    body: JSON.stringify({ repo: account?.did, collection: 'com.example.note', record: { a: 1 } }),
  })
  expect(write.status).toBe(200)
  deployments.abort()
  await deploying
  await server.stop()

  const calls = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { args: string[]; input: string })
  const file = join(folder, 'PDS_KEY_SECRET.secret')
  const value = readFileSync(file, 'utf8').trim()
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(calls.map(({ args }) => args.join(' '))).toEqual([
    'secret put PDS_NEXT_KEY_SECRET',
    'secret put PDS_NEXT_KEY_SECRET',
    'secret put PDS_KEY_SECRET',
    'secret delete PDS_NEXT_KEY_SECRET',
    'secret put PDS_NEXT_JWT_SECRET',
    'secret put PDS_NEXT_JWT_SECRET',
  ])
  expect(calls.slice(0, 3).map(({ input }) => input)).toEqual([`accept:${value}`, value, value])
  expect(`${key.output}${jwt.output}`).not.toContain(value)
  expect(valuesNow().PDS_KEY_SECRET).toBe(value)
  expect(readdirSync(folder)).toContain('PDS_NEXT_JWT_SECRET.secret')
})
