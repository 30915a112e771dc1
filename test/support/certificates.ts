/** Certificates for tests, made by openssl, which most machines have. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0

export interface Authority {
  /** In PEM, and the file that it is in. */
  ca: string
  caFile: string
  /** A certificate for names, which expires in so many days. */
  certify(names: readonly string[], days: number): { key: string; cert: string }
}

export function makeAuthority(name = 'Test CA'): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'cumulus-ca-'))
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  run('ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', 'key.pem')
  run(
    'req',
    '-x509',
    '-new',
    '-key',
    'key.pem',
    '-subj',
    `/CN=${name}`,
    '-days',
    '30',
    '-out',
    'ca.pem',
  )
  let made = 0
  return {
    ca: read('ca.pem'),
    caFile: join(folder, 'ca.pem'),
    certify(names, days) {
      const [request, cert] = [`${made}.csr`, `${made++}.pem`]
      const san = `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`
      run('req', '-new', '-key', 'key.pem', '-subj', '/CN=a', '-addext', san, '-out', request)
      const signed = ['-CA', 'ca.pem', '-CAkey', 'key.pem', '-copy_extensions', 'copy']
      run('x509', '-req', '-in', request, ...signed, '-days', String(days), '-out', cert)
      return { key: read('key.pem'), cert: read(cert) }
    },
  }
}
