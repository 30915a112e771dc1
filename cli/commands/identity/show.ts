/** `cumulus identity show alice.test`: what the network is told of an account, held against what is here. */
import { accountArg, operatorCommand } from '../../operator/command.ts'
import { askIdentity, differences, type Identity, ownerOf } from '../../operator/identity.ts'

export default operatorCommand({
  name: 'show',
  description:
    'Shows the identity of an account: DID document, handle in both directions, keys, and what does not fit.',
  args: { account: accountArg },
  run: async ({ account, ...host }) => {
    const identity = await askIdentity(host, account)
    return { answer: { ...identity, differences: differences(identity) }, text: describe(identity) }
  },
})

function describe(identity: Identity): string {
  const { document, plc } = identity
  const rows: [string, string][] = [
    ['did', identity.did],
    ['handle', `@${identity.handle}, which leads to ${identity.handleLeadsTo ?? 'nobody'}`],
  ]
  if ('error' in document) rows.push(['document', document.error])
  else {
    rows.push(
      ['in the document', `@${document.handle ?? 'no handle'} on ${document.host ?? 'no host'}`],
      [
        'signing key',
        `${document.signingKey ?? 'none'}${document.signingKey === identity.signingKey ? ', as here' : `; here ${identity.signingKey ?? 'none that can be read'}`}`,
      ],
    )
  }
  if (!plc) rows.push(['may change it', 'whoever has the domain'])
  else if ('error' in plc) rows.push(['may change it', plc.error])
  else {
    plc.rotationKeys.forEach((key, place) => {
      rows.push([
        place === 0 ? 'may change it' : '',
        `${place + 1}. ${key} (${ownerOf(identity, key)})`,
      ])
    })
  }
  const found = differences(identity)
  const verdict = found.length === 0 ? ['Everything fits.'] : found.map((one) => `! ${one}`)
  return `${rows.map(([name, value]) => `${name.padEnd(16)} ${value}`).join('\n')}\n\n${verdict.join('\n')}\n`
}
