/**
 * The script that makes a recovery key: a P-256 key pair, of which the page sends the public half (did:key method). It is
 * text here because the bundle is one file.
 */
export const KEY_SCRIPT = `
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

function base58(bytes) {
  let number = 0n
  for (const byte of bytes) number = number * 256n + BigInt(byte)
  let text = ''
  for (; number > 0n; number /= 58n) text = ALPHABET[Number(number % 58n)] + text
  for (const byte of bytes) {
    if (byte !== 0) break
    text = '1' + text
  }
  return text
}

const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))

// Multicodec p256-priv and p256-pub, as variable-length integers.
const PRIVATE = [0x86, 0x26]
const PUBLIC = [0x80, 0x24]

async function makeKey() {
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign'])
  const { d, x, y } = await crypto.subtle.exportKey('jwk', privateKey)
  const sign = decode(y).at(-1) % 2 === 0 ? 2 : 3
  return {
    privateKey: 'z' + base58([...PRIVATE, ...decode(d)]),
    publicKey: 'did:key:z' + base58([...PUBLIC, sign, ...decode(x)]),
  }
}

const offer = document.querySelector('[data-make-key]')
if (offer && globalThis.crypto?.subtle) {
  offer.hidden = false
  offer.querySelector('button').addEventListener('click', async () => {
    const { privateKey, publicKey } = await makeKey()
    const made = document.querySelector('[data-made-key]')
    made.querySelector('[data-private-key]').textContent = privateKey
    const text = 'Recovery key of ' + location.host + '\\n\\nPrivate: ' + privateKey + '\\nPublic: ' + publicKey + '\\n'
    made.querySelector('[data-save-key]').href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
    made.hidden = false
    document.getElementById('recovery-key').value = publicKey
    offer.hidden = true
    made.focus()
  })
}
`.trimStart()
