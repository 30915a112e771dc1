/** Any other PDS, which somebody has started, or which a command starts. */
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { CommandError } from '../../cli/terminal/errors.ts'
import type { Foreign } from '../against.ts'
import { endTree, onEarlyExit, programOf } from './process.ts'
import { operator, type Running, type Server, type SignUp, untilAnswering } from './server.ts'

export class ForeignServer implements Server {
  readonly kind = 'foreign'
  readonly name: string
  readonly owner: Server['owner']
  readonly signUp: SignUp | undefined
  readonly options: Foreign

  /** @param domain what its handles end with */
  private constructor(options: Foreign, domain: string) {
    this.options = options
    this.name = options.name
    this.owner = options.owner
    const { did = 'plc', adminPassword, invite } = options
    this.signUp = options.owner
      ? undefined
      : {
          did: [did],
          domain,
          ...(adminPassword === undefined ? {} : { authorization: operator(adminPassword) }),
          ...(invite === undefined ? {} : { inviteCode: invite }),
        }
  }

  /** Asks the server what handles end with, where it makes accounts. @throws CommandError when nobody answers */
  static async open(options: Foreign): Promise<ForeignServer> {
    if (options.owner) return new ForeignServer(options, '')
    const started = await new ForeignServer(options, '').start()
    try {
      return new ForeignServer(options, (await domainsOf(options.origin))[0] ?? '.test')
    } finally {
      await started.stop()
    }
  }

  /** What runs already goes on when it is "stopped". */
  async start(): Promise<Running> {
    const { origin, pid, start } = this.options
    if (start === undefined) {
      await untilAnswering(origin, AbortSignal.timeout(5_000)).catch(() => {
        throw new CommandError(`${origin} does not answer`)
      })
      return { server: this, origin, pid, root: pid, stop: async () => {} }
    }
    if (await isAnswering(origin)) {
      throw new CommandError(`${origin} answers before it is started: something else is there`)
    }
    const child = spawn('sh', ['-c', start], { stdio: ['ignore', 'ignore', 'pipe'] })
    const ended = new AbortController()
    onEarlyExit(child, start, (error) => ended.abort(error))
    const stop = async () => {
      await endTree(child)
      // A child of it may hold the port a little longer.
      while (await isAnswering(origin)) await sleep(20)
    }
    try {
      await untilAnswering(origin, ended.signal)
    } catch (error) {
      await stop()
      throw error
    }
    const root = child.pid ?? 0
    return { server: this, origin, pid: pid ?? programOf(root, 'workerd') ?? root, root, stop }
  }
}

/** @throws CommandError when whoever answers is no PDS */
async function domainsOf(origin: string): Promise<string[]> {
  const answer = await fetch(`${origin}/xrpc/com.atproto.server.describeServer`)
  const described: unknown = answer.ok ? await answer.json().catch(() => undefined) : undefined
  if (described !== null && typeof described === 'object' && 'availableUserDomains' in described) {
    return (described as { availableUserDomains: string[] }).availableUserDomains
  }
  throw new CommandError(`${origin} does not describe itself as a PDS (status ${answer.status})`)
}

const isAnswering = (origin: string): Promise<boolean> =>
  fetch(origin).then(
    (answer) => answer.arrayBuffer().then(() => true),
    () => false,
  )
