/** Reads what a handler's `oauth` demands of a token, as far as it is written out. */
import { Node } from '../ts-morph.ts'
import type { Need, OAuthNeeds } from './shape.ts'

/**
 * Functions that make a rule of an NSID: of a method of this host (`src/server/auth/oauth-rule.ts`), and of one that is forwarded,
 * to a service that a request may choose (`src/proxy/permission.ts`).
 */
const MAKERS: ReadonlyMap<string, { aud?: string }> = new Map([
  ['mayCall', {}],
  ['mayForward', { aud: '*' }],
])

/** The keys of a permission (`src/context/permissions.ts`), and what else it has. */
const RESOURCES = ['repo', 'rpc', 'blob', 'account', 'identity'] as const

/** What a rule demands; what it works out while it runs is `open`. */
export function readRule(rule: Node): OAuthNeeds {
  if (Node.isStringLiteral(rule)) {
    return { needs: [], open: false, ...(rule.getLiteralValue() === 'never' && { never: true }) }
  }
  const found: OAuthNeeds = { needs: [], open: false }
  if (!collect(rule, found)) found.open = true
  return found
}

/** Adds every permission in or below `node`. @returns whether there was anything at all */
function collect(node: Node, found: OAuthNeeds): boolean {
  const maker = Node.isCallExpression(node) && MAKERS.get(node.getExpression().getText())
  if (maker) {
    const nsid = textOf(node.getArguments()[0])
    if (nsid === undefined) found.open = true
    else found.needs.push({ rpc: nsid, ...maker })
    return true
  }
  if (Node.isObjectLiteralExpression(node)) {
    const fields = node.getProperties().map((one) => ('getName' in one ? one.getName() : ''))
    const resource = RESOURCES.find((name) => fields.includes(name))
    if (resource) {
      const values = new Map(
        fields.map((field) => {
          const property = node.getProperty(field)
          const value = Node.isPropertyAssignment(property) ? property.getInitializer() : undefined
          return [field, textOf(value)] as const
        }),
      )
      // The audience may be worked out: which host it is, nobody knows here.
      const written = [...values].every(([field, text]) => text !== undefined || field === 'aud')
      if (written && values.size === fields.length) {
        found.needs.push(
          Object.fromEntries([...values].filter(([, text]) => text !== undefined)) as Need,
        )
      } else {
        found.open = true
      }
      return true
    }
  }
  let any = false
  node.forEachChild((child) => {
    if (collect(child, found)) any = true
  })
  return any
}

/** The text of a literal, through `as const` and names of constants in the same file. */
function textOf(node: Node | undefined): string | undefined {
  if (!node) return undefined
  if (Node.isAsExpression(node) || Node.isSatisfiesExpression(node)) {
    return textOf(node.getExpression())
  }
  if (Node.isIdentifier(node)) {
    const value = node.getSourceFile().getVariableDeclaration(node.getText())?.getInitializer()
    return value && textOf(value)
  }
  return Node.isStringLiteral(node) || Node.isNoSubstitutionTemplateLiteral(node)
    ? node.getLiteralValue()
    : undefined
}
