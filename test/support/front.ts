/** A reverse proxy with TLS in front of a host, which can be made to spoil what passes. */
import { createHash } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import type { Authority } from './certificates.ts'

/** What an answer becomes. */
export interface Altered {
  status: number
  body: string
}

export interface Front {
  port: number
  /** Answers in the place of the host, or what the host answers is passed on. */
  answer: ((asked: IncomingMessage) => Altered | undefined) | undefined
  /** What becomes of each frame of the firehose. */
  frames: ((frame: Uint8Array) => Uint8Array[] | Promise<Uint8Array[]>) | undefined
  passesWebSockets: boolean
  /** Names and days of the certificate that is presented under a name. */
  certificate: (name: string) => { names: readonly string[]; days: number; unknown?: boolean }
  /** As it was at the beginning. */
  repair(): void
  stop(): Promise<void>
}

export async function startFront(
  upstream: string,
  hostname: string,
  authority: Authority,
  stranger: Authority,
  added: Record<string, string> = {},
): Promise<Front> {
  const made = new Map<string, ReturnType<typeof createSecureContext>>()
  const wellFront = {
    answer: undefined,
    frames: undefined,
    passesWebSockets: true,
    certificate: () => ({ names: [hostname, `*.${hostname}`], days: 60 }),
  }
  const server = createServer({
    SNICallback(name, done) {
      const wanted = front.certificate(name)
      const key = JSON.stringify(wanted)
      let context = made.get(key)
      if (!context) {
        const by = wanted.unknown ? stranger : authority
        context = createSecureContext(by.certify(wanted.names, wanted.days))
        made.set(key, context)
      }
      done(null, context)
    },
  })
  const front: Front = Object.assign(
    {
      port: 0,
      repair: () => Object.assign(front, wellFront),
      async stop() {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      },
    },
    wellFront,
  )
  const sockets = new Set<Socket>()
  server.on('secureConnection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  server.on('request', (asked, response) => {
    const altered = front.answer?.(asked)
    if (altered) {
      response.writeHead(altered.status, { 'content-type': 'application/json' }).end(altered.body)
      return
    }
    const headers = { ...asked.headers, 'x-forwarded-for': '203.0.113.7', ...added }
    const passed = request(
      `${upstream}${asked.url}`,
      { method: asked.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      },
    )
    passed.on('error', () => response.writeHead(502).end())
    asked.pipe(passed)
  })
  server.on('upgrade', (asked: IncomingMessage, socket: Socket) => {
    if (!front.passesWebSockets) {
      socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')
      return
    }
    passOn(`${upstream.replace('http', 'ws')}${asked.url}`, asked, socket, async (frame) =>
      front.frames ? front.frames(frame) : [frame],
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  front.port = (server.address() as AddressInfo).port
  const stop = front.stop
  front.stop = async () => {
    for (const socket of sockets) socket.destroy()
    await stop()
  }
  return front
}

/** The other half of RFC 6455, as far as a server that only sends needs it. */
function passOn(
  url: string,
  asked: IncomingMessage,
  socket: Socket,
  alter: (frame: Uint8Array) => Promise<Uint8Array[]>,
): void {
  const key = `${asked.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(key).digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  )
  const from = new WebSocket(url)
  from.binaryType = 'arraybuffer'
  let sent = Promise.resolve()
  from.addEventListener('message', ({ data }) => {
    sent = sent.then(async () => {
      const frames = await alter(new Uint8Array(data as ArrayBuffer))
      for (const frame of frames) socket.write(binary(frame))
    })
  })
  from.addEventListener('close', () => socket.destroy())
  socket.once('close', () => from.close())
  socket.on('error', () => from.close())
  // A close frame, which is all that a consumer sends.
  socket.once('data', () => socket.end(Buffer.from([0x88, 0])))
}

function binary(payload: Uint8Array): Buffer {
  const head = Buffer.alloc(10)
  head[0] = 0x82
  head[1] = 127
  head.writeBigUInt64BE(BigInt(payload.byteLength), 2)
  // The shortest form of a length is asked for.
  if (payload.byteLength < 126)
    return Buffer.concat([Buffer.from([0x82, payload.byteLength]), payload])
  if (payload.byteLength < 65_536) {
    const short = Buffer.from([0x82, 126, payload.byteLength >> 8, payload.byteLength & 0xff])
    return Buffer.concat([short, payload])
  }
  return Buffer.concat([head, payload])
}
