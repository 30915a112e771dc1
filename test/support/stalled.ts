/** Clients that ask for much and read nothing. */
import { connect, type Socket } from 'node:net'

export interface StalledSocket {
  /** Whether the server has ended the connection. */
  readonly isClosed: boolean
  /** Status of the answer. */
  readonly status: number
  close(): void
}

/** Sends a GET and reads the beginning of the answer, and nothing after that; `address` is where it says it is from. */
export async function stall(
  origin: string,
  path: string,
  { address, upgrade }: { address?: string; upgrade?: boolean } = {},
): Promise<StalledSocket> {
  const { hostname, port } = new URL(origin)
  const socket = connect({ host: hostname, port: Number(port) })
  let isClosed = false
  socket.on('close', () => {
    isClosed = true
  })
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('connect', resolve))
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: ${hostname}`,
    ...(address ? [`X-Forwarded-For: ${address}`] : []),
    ...(upgrade
      ? [
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
          'Sec-WebSocket-Version: 13',
        ]
      : []),
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  const status = await readStatus(socket)
  return {
    get isClosed() {
      return isClosed
    },
    status,
    close: () => socket.destroy(),
  }
}

function readStatus(socket: Socket): Promise<number> {
  return new Promise((resolve) => {
    socket.once('data', (bytes: Buffer) => {
      socket.pause()
      resolve(Number(bytes.toString('latin1').split(' ')[1]))
    })
    socket.once('close', () => resolve(0))
  })
}
