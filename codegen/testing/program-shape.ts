/** What a program is made of, apart from its names and texts: for finding out whether text has become code. */
import { ts } from 'ts-morph'

/** A program as its parser sees it. */
export interface Program {
  /** The kinds of all its nodes, as a tree in text. Properties of object literals are in no particular order. */
  shape: string
  /** What its string literals say. */
  literals: Set<string>
  /** What keeps it from being TypeScript, and comments that give orders to the type checker. */
  problems: string[]
}

/** Fields of the compiler's that its types do not show. */
interface Parsed {
  parseDiagnostics: readonly { messageText: unknown }[]
  commentDirectives?: readonly unknown[]
}

/** Reads TypeScript; syntax only. */
export function readProgram(code: string): Program {
  const file = ts.createSourceFile('/file.ts', code, ts.ScriptTarget.ESNext, true)
  const { parseDiagnostics, commentDirectives = [] } = file as unknown as Parsed
  const literals = new Set<string>()
  const shape = shapeOf(file, literals)
  const problems = parseDiagnostics.map(({ messageText }) => JSON.stringify(messageText))
  return { shape, literals, problems: [...problems, ...commentDirectives.map(() => 'a directive')] }
}

function shapeOf(node: ts.Node, literals: Set<string>): string {
  // Some schemas say their type, which is no different from having it.
  if (
    ts.isAsExpression(node) &&
    node.type.getText(node.getSourceFile()) === "ReturnType<Schemas['']>"
  ) {
    return shapeOf(node.expression, literals)
  }
  // What is imported may go by another name here, where a definition has its own.
  if (ts.isImportSpecifier(node)) return 'ImportSpecifier()'
  if (ts.isStringLiteral(node)) literals.add(node.text)
  const parts: string[] = []
  ts.forEachChild(node, (child) => {
    const isName = ts.isIdentifier(child) || ts.isStringLiteral(child) || isQuotedName(child)
    const shape = shapeOf(child, literals)
    parts.push(isName && isNameOf(node, child) ? 'name' : shape)
  })
  if (ts.isObjectLiteralExpression(node)) parts.sort()
  return `${ts.SyntaxKind[node.kind]}(${parts.join()})`
}

/** Whether a property goes by this name: with or without quotes, it is the same. */
const isNameOf = (parent: ts.Node, child: ts.Node): boolean =>
  (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) && parent.name === child

/** `['__proto__']` */
const isQuotedName = (node: ts.Node): boolean =>
  ts.isComputedPropertyName(node) && ts.isStringLiteral(node.expression)
