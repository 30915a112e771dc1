/**
 * A Worker that fills the directory of a host with accounts that are rows only, looks them up and signs others up: for
 * `bench/directory.ts`. What answers is the server's own.
 */
import type { Env } from '../contracts/env.ts'
import { DirectoryObject as Directory } from '../durable/directory.ts'
import { reportDirectory } from '../services/accounts/directory-report.ts'
import { directoryStub, hostObjects } from '../services/objects/stubs.ts'
import type { HostedAccount, NameKind } from '../storage/directory/accounts.ts'
import worker from '../worker.ts'

export * from '../worker.ts'

/** DIDs as they are in the network: without order, so that each goes somewhere else into the table. */
const accountOf = (number: number): HostedAccount & { email: string } => {
  const mixed = BigInt.asUintN(62, BigInt(number + 1) * 0x9e3779b97f4a7c15n).toString(36)
  return {
    did: `did:plc:${mixed.padStart(24, '0')}`,
    handle: `person-${number}.example.com`,
    email: `person-${number}@mail.example.com`,
  }
}

/** The server's directory, which also stores accounts that nobody has made. */
export class DirectoryObject extends Directory {
  fill(from: number, to: number): void {
    for (let number = from; number < to; number++) {
      const { did, handle, email } = accountOf(number)
      this.ctx.storage.sql.exec(
        `INSERT INTO account (did, handle, email, ready, created_at, status, factor, stored_bytes)
         VALUES (?, ?, ?, 1, 1, 'active', 0, 98000)`,
        ...[did, handle, email],
      )
    }
  }
}

const objectsOf = (env: Env) =>
  hostObjects(env, { directoryShards: Number(env.PDS_DIRECTORY_SHARDS ?? 1) })

/** Does something again and again, some of it at once. @returns ms that each took */
async function repeat(
  ms: number,
  atOnce: number,
  work: () => Promise<unknown>,
): Promise<{ times: number[]; ms: number }> {
  const began = Date.now()
  const times: number[] = []
  const one = async () => {
    while (Date.now() < began + ms) {
      const at = Date.now()
      await work()
      times.push(Date.now() - at)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  return { times, ms: Date.now() - began }
}

/** Looks accounts up as an isolate does that does not know them. */
function look(env: Env, by: NameKind, accounts: number, ms: number, atOnce: number) {
  const objects = objectsOf(env)
  return repeat(ms, atOnce, async () => {
    const account = accountOf(Math.floor(Math.random() * accounts))
    const name = account[by]
    const { account: found } = await objects.directoryShard(name).residents.find(by, name)
    if (found?.did !== account.did) throw new Error(`${name} is ${JSON.stringify(found)}`)
  })
}

let made = 0

/** The directory's part of a sign-up. */
function signUp(env: Env, ms: number, atOnce: number) {
  const { directory } = objectsOf(env)
  return repeat(ms, atOnce, async () => {
    const account = accountOf(1e9 + Date.now() * 1000 + made++)
    await directory.accounts.reserve(account, undefined, { byOperator: true })
    if (!(await directory.accounts.confirm(account))) throw new Error('not confirmed')
  })
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const number = (name: string) => Number(searchParams.get(name))
    const [ms, atOnce, accounts] = [number('ms'), number('at-once'), number('accounts')]
    if (pathname === '/load/fill') {
      const stub = directoryStub(env) as unknown as DurableObjectStub<DirectoryObject>
      await stub.fill(number('from'), number('to'))
      return Response.json({})
    }
    if (pathname === '/load/look') {
      const by = searchParams.get('by') as NameKind
      return Response.json(await look(env, by, accounts, ms, atOnce))
    }
    if (pathname === '/load/sign-up') return Response.json(await signUp(env, ms, atOnce))
    if (pathname === '/load/report') return Response.json(await reportDirectory(objectsOf(env)))
    return (
      worker.fetch?.(request as never, env as never, ctx) ?? new Response(null, { status: 404 })
    )
  },
}
