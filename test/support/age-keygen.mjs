/** Takes the place of age-keygen, as it is in Debian's package "age": `age-keygen -o FILE`. */
import { writeFileSync } from 'node:fs'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'

const [, , , file = ''] = process.argv
const identity = await generateX25519Identity()
const recipient = await identityToRecipient(identity)
writeFileSync(file, `# public key: ${recipient}\n${identity}\n`, { mode: 0o600, flag: 'wx' })
process.stderr.write(`Public key: ${recipient}\n`)
