/** The floor: a Worker that answers at once, by itself or with one call of an object, on the same workerd. */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { COMPATIBILITY } from '../../cli/host/compatibility.ts'
import { workerdBinary } from '../../cli/host/workerd.ts'
import { freePort } from '../../test/support/server.ts'
import type { Cleanup } from '../cleanup.ts'
import { Xrpc } from '../load/client.ts'
import { one, type Workload } from '../load/drive.ts'
import { sequence } from '../load/repo.ts'
import { end, onEarlyExit } from './process.ts'
import { type Running, type Server, untilAnswering } from './server.ts'

/** What it does: nothing; calls its object; that, and the object reads or writes one row. */
export type FloorCall = 'empty' | 'call' | 'select' | 'insert'

export interface Floor {
  running: Running
  workload(call: FloorCall): Workload
  stop(): Promise<void>
}

const WORKER = join(import.meta.dirname, 'floor-worker.js')
/** As `floor-worker.js` has it. */
const RECORDS = 10_000
/** About as long as that of createRecord. */
const POST = { repo: `did:web:${'a'.repeat(20)}`, record: { text: 'x'.repeat(200) } }

/** Starts it; it is stopped by `cleanup`. */
export async function openFloor(cleanup: Cleanup): Promise<Floor> {
  const running = await floorServer(cleanup.folder()).start()
  cleanup.add(() => running.stop())
  const client = new Xrpc(running.origin, 16)
  const pick = sequence()
  const request: Record<FloorCall, () => Promise<unknown>> = {
    empty: () => client.call({ method: 'floor.empty' }),
    call: () => client.call({ method: 'floor.call' }),
    select: () =>
      client.call({ method: 'floor.select', params: { key: `key-${1 + pick(RECORDS)}` } }),
    insert: () => client.call({ method: 'floor.insert', input: POST }),
  }
  return {
    running,
    workload: (call) => ({ next: one(request[call]) }),
    async stop() {
      await client.close()
      await running.stop()
    },
  }
}

function floorServer(dataDirectory: string): Server {
  const server: Server = { kind: 'floor', name: 'floor', start }
  async function start(): Promise<Running> {
    const port = await freePort()
    mkdirSync(join(dataDirectory, 'objects'), { recursive: true })
    writeFileSync(join(dataDirectory, 'workerd.capnp'), config(dataDirectory, port))
    const child = spawn(workerdBinary(), ['serve', 'workerd.capnp'], {
      cwd: dataDirectory,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = new AbortController()
    onEarlyExit(child, 'the floor', (error) => ended.abort(error))
    const origin = `http://127.0.0.1:${port}`
    await untilAnswering(origin, ended.signal)
    return { server, origin, pid: child.pid, root: child.pid, stop: () => end(child) }
  }
  return server
}

const config = (dataDirectory: string, port: number): string => `
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "objects", disk = (path = "objects", writable = true))
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "${relative(dataDirectory, WORKER)}")],
  compatibilityDate = "${COMPATIBILITY.date}",
  durableObjectNamespaces = [
    (className = "FloorObject", uniqueKey = "FloorObject", enableSql = true)
  ],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [(name = "FLOOR", durableObjectNamespace = "FloorObject")]
);
`
