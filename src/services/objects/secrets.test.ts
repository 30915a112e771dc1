import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, expect, test, vi } from 'vitest'
import type { Env } from '../../contracts/env.ts'
import { makeAccount } from '../../testing/host.ts'
import worker from '../../worker.ts'

beforeAll(async () => {
  await makeAccount()
})

/** Asks another isolate, which has other settings. */
const ask = (path: string, changed: Partial<Env>) =>
  worker.fetch(
    new Request(`http://localhost${path}`),
    { ...env, ...changed },
    createExecutionContext(),
  )

test.each(['PDS_KEY_SECRET', 'PDS_JWT_SECRET', 'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX'])(
  'with another %s nothing is answered, and the log names it',
  async (name) => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    for (const path of ['/', '/xrpc/_health', '/xrpc/com.atproto.sync.listRepos', '/settings']) {
      const response = await ask(path, { [name]: '22'.repeat(32) })
      expect(response.status).toBe(503)
      expect(await response.json()).toMatchObject({ error: 'ConfigurationError' })
    }
    expect(logged).toHaveBeenCalledTimes(4)
    for (const [line] of logged.mock.calls) {
      expect(line).toContain(`${name} is not the one`)
      expect(line).not.toContain('22'.repeat(32))
    }
    logged.mockRestore()
    expect((await ask('/xrpc/_health', {})).status).toBe(200)
  },
)
