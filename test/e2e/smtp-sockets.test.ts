/** SMTP as a Worker on Cloudflare speaks it: over the platform's sockets, in workerd, with a real server. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { workerdBinary } from '../../cli/host/workerd.ts'
import { freePort } from '../support/server.ts'
import { SECRET, type SmtpOptions, startSmtp, USER } from '../support/smtp.ts'

vi.setConfig({ testTimeout: 60_000 })

const folder = mkdtempSync(join(tmpdir(), 'cumulus-'))
const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })

/** Sends one mail with the transport, and answers with what it says. */
const WORKER = `
import { smtpSocket } from ${JSON.stringify(join(import.meta.dirname, '../../src/services/mail/transports/smtp-socket.ts'))}
export default {
  async fetch(request) {
    const { url, mail } = await request.json()
    try {
      await smtpSocket(url, 'pds.example.com').send(mail)
      return Response.json({ sent: true })
    } catch ({ name, message, isFinal }) {
      return Response.json({ name, message, isFinal })
    }
  },
}`

const CONFIG = (port: number) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private", "local"],
      tlsOptions = (trustedCertificates = [embed "ca.pem"])))
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-11-01"
);
`

describe.skipIf(!hasOpenssl)('in workerd', () => {
  let origin: string
  let workerd: ChildProcess
  let certified: SmtpOptions

  beforeAll(async () => {
    const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout']
    openssl('req', '-x509', ...made, 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test')
    openssl('req', ...made, 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost')
    writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost')
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names']
    openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...signed)
    const [key, cert] = ['server.key', 'server.pem'].map((name) => readFileSync(join(folder, name)))
    certified = { ...(key && { key }), ...(cert && { cert }) }
    const port = await freePort()
    await build({
      stdin: { contents: WORKER, resolveDir: import.meta.dirname },
      outfile: join(folder, 'worker.js'),
      bundle: true,
      format: 'esm',
      external: ['node:*', 'cloudflare:*'],
      logLevel: 'error',
    })
    writeFileSync(join(folder, 'worker.capnp'), CONFIG(port))
    workerd = spawn(workerdBinary(), ['serve', join(folder, 'worker.capnp')], { stdio: 'ignore' })
    origin = `http://127.0.0.1:${port}`
    await vi.waitFor(() => fetch(origin, { method: 'POST', body: '{}' }))
  })

  afterAll(async () => {
    const ended = once(workerd, 'exit')
    workerd.kill()
    await ended
  })

  const MAIL = {
    id: 'an-id',
    from: 'Sky <noreply@pds.example.com>',
    to: 'alice@example.com',
    subject: '.メール：パスワードの再設定',
    text: '.a line that begins with a dot\n..two\nABCDE-FGHIJ\n',
    html: `<p>${'é'.repeat(3_000)}</p>`,
    unsubscribeUrl: 'https://pds.example.com/mail/sign-ins?did=x',
  }

  async function start(options: SmtpOptions) {
    const smtp = await startSmtp(options)
    onTestFinished(() => smtp.stop())
    return smtp
  }

  const send = async (
    scheme: string,
    port: number,
    { host = 'localhost', password = SECRET } = {},
  ) => {
    const url = `${scheme}://${USER}:${encodeURIComponent(password)}@${host}:${port}`
    const body = JSON.stringify({ url, mail: MAIL })
    return (await fetch(origin, { method: 'POST', body })).json() as Promise<object>
  }

  test.each([
    ['smtp', false],
    ['smtps', true],
  ])('%s: the mail arrives as it is, encrypted', async (scheme, secure) => {
    const smtp = await start({ ...certified, secure })
    expect(await send(scheme, smtp.port)).toEqual({ sent: true })
    const [mail] = smtp.mails
    expect(mail).toMatchObject({ subject: MAIL.subject, messageId: '<an-id@pds.example.com>' })
    expect(mail?.text).toBe(MAIL.text)
    expect(mail?.html).toContain(MAIL.html)
    expect(mail?.from?.text).toContain('noreply@pds.example.com')
    expect(mail?.headerLines.map(({ key }) => key)).toContain('list-unsubscribe-post')
    expect(smtp.encrypted).toBe(1)
  })

  test('a server that nobody certifies, or that has another name, is given nothing', async () => {
    for (const [options, host] of [
      [{}, 'localhost'],
      [certified, '127.0.0.1'],
    ] as const) {
      for (const secure of [false, true]) {
        const smtp = await start({ ...options, secure })
        const answer = await send(secure ? 'smtps' : 'smtp', smtp.port, { host })
        expect(answer).toMatchObject({ name: 'MailError', isFinal: false })
        expect(smtp.mails).toEqual([])
      }
    }
  })

  test('a password is not sent to a server that cannot encrypt', async () => {
    const smtp = await start({ plain: true })
    expect(await send('smtp', smtp.port)).toMatchObject({ name: 'MailError', isFinal: false })
    expect(smtp.mails).toEqual([])
  })

  test('a mailbox that there is not is told apart, and its address is not repeated', async () => {
    const smtp = await start(certified)
    smtp.unknown.add(MAIL.to)
    const answer = await send('smtp', smtp.port)
    expect(answer).toMatchObject({
      isFinal: true,
      message: expect.stringContaining('no such mailbox'),
    })
    expect(JSON.stringify(answer)).not.toContain(MAIL.to)
    expect(await send('smtp', smtp.port, { password: 'wrong' })).toMatchObject({
      isFinal: false,
      message: expect.stringContaining('wrong password'),
    })
  })

  test('a server that hangs up, or is not there, is told at once', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.end('220 hello\r\n')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    expect(await send('smtp', port)).toMatchObject({ name: 'MailError', isFinal: false })
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    expect(await send('smtp', port)).toMatchObject({ name: 'MailError', isFinal: false })
  })
})
